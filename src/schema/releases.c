/* SPDX-License-Identifier: MIT */
#include "schema/releases.h"

#include "base/util.h"

size_t release_find(const char *name) {
        for (size_t i = 0; i < n_releases; i++)
                if (streq(releases[i].name, name))
                        return i;
        return n_releases;
}

/* A version and the release that brought it. */
typedef struct Origin {
        uint64_t version;
        size_t release;
} Origin;

static int compare_origins(const void *a, const void *b) {
        const Origin *x = a, *y = b;

        return (x->version > y->version) - (x->version < y->version);
}

/* The table turned round, to be searched by version; made at the first use. */
static const Origin *origins(size_t *ret_n) {
        static Origin table[2048];
        static size_t n;

        if (n == 0) {
                for (size_t i = 0; i < n_releases; i++)
                        for (; n < releases[i].n_versions && n < ELEMENTSOF(table); n++)
                                table[n] = (Origin){release_versions[n], i};
                qsort(table, n, sizeof(Origin), compare_origins);
        }
        *ret_n = n;
        return table;
}

size_t release_of_version(uint64_t version) {
        size_t n;
        const Origin *table = origins(&n);
        const Origin *found = bsearch(&(Origin){.version = version}, table, n, sizeof(Origin), compare_origins);

        return found ? found->release : n_releases;
}

void standing_of(const Versions *versions, Standing *ret) {
        *ret = (Standing){};
        for (size_t i = 0; i < versions->n; i++) {
                size_t release = release_of_version(versions->list[i]);

                ret->newest = release > ret->newest ? release : ret->newest;
                if (release < RELEASES_MAX)
                        ret->counts[release]++;
        }
        for (size_t i = 1; i < RELEASES_MAX; i++)
                ret->counts[i] += ret->counts[i - 1];
}

bool standing_covers(const Standing *standing, size_t release) {
        return release < n_releases && standing->counts[release] == releases[release].n_versions;
}

bool standing_is_within(const Standing *standing, size_t release) {
        return standing->newest <= release;
}

/* One of the three numbers of a release, and the separator behind it. */
static const char *number_of(const char *s, char end, uint64_t *ret) {
        size_t n = strspn(s, "0123456789");

        if (n == 0 || n > 4 || s[n] != end || versions_parse(s, n, ret) < 0)
                return NULL;
        return end ? s + n + 1 : s + n;
}

uint64_t release_number(const char *name) {
        uint64_t major = 0, minor = 0, patch = 0;
        const char *s = name;

        if (streq(name, "v1.16.1"))
                s = "v1.26.1";
        if (*s == 'v')
                s++;
        s = number_of(s, '.', &major);
        s = s ? number_of(s, '.', &minor) : NULL;
        s = s ? number_of(s, '\0', &patch) : NULL;
        return s ? major * 100000000 + minor * 10000 + patch + 1 : 0;
}

/* One switch for all of ClickHouse became two in v1.6.3; what is no release's number is taken for a newer one. */
const char *release_clickhouse_switch(const char *name) {
        uint64_t number = release_number(name);

        return number > 0 && number < release_number("v1.6.3") ? "LAGO_CLICKHOUSE_ENABLED"
                                                               : "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED";
}

/* Lago's compose files of v1.41.1 to v1.41.3 name the front v1.41.0; v1.16.1 is a second tag on the commit of v1.26.1. */
const char *release_front(const char *name) {
        static const char *const fronts[][2] = {
                {"v1.16.1", "v1.26.1"},
                {"v1.41.1", "v1.41.0"},
                {"v1.41.2", "v1.41.0"},
                {"v1.41.3", "v1.41.0"},
                {"v1.47.1", "v1.47.0"},
                {"v1.47.2", "v1.47.0"},
        };

        for (size_t i = 0; i < ELEMENTSOF(fronts); i++)
                if (streq(fronts[i][0], name))
                        return fronts[i][1];
        return name;
}

char *release_patch_before(const char *name) {
        const char *dot = strrchr(name, '.');
        uint64_t patch = 0;

        if (release_number(name) == 0 || parse_uint(dot + 1, UINT16_MAX, &patch) < 0 || patch == 0)
                return NULL;
        return xasprintf("%.*s.%u", (int)(dot - name), name, (unsigned)(patch - 1));
}

static const Squash squashes[] = {
        {.last = "v1.30.0", .at = "v1.31.0", .into = 20250122112050},
};

const Squash *squash_of_version(uint64_t version) {
        size_t first = release_of_version(version);

        for (size_t i = 0; i < ELEMENTSOF(squashes); i++)
                if (version < squashes[i].into && first <= release_find(squashes[i].last))
                        return &squashes[i];
        return NULL;
}

/*
 * From Lago's upgrade guide ("mandatory intermediary releases"). Stops that the guide lists without a task, and those
 * that only announce changes of the API, are left out: jumping over them strands nothing. A task is a command as it is
 * typed on the host, by lagoctl.
 *
 * Row counts look at no more than 1,000,001 rows: "more than a million" is all that one needs to know. They must come to
 * nothing once the task is done, so they leave out what it leaves.
 */
#define ROWS(from_where) "SELECT count(*) FROM (SELECT 1 FROM " from_where " LIMIT 1000001) AS rows_left"

/* clang-format off */
/* What v1.20.0's migration deletes, a thousand at a time. */
#define ZERO_FEES "fees WHERE fee_type = 0 AND amount_cents = 0 AND units = 0 AND NOT pay_in_advance"

/* The tables that "migrations:fill_organization_id" fills; of idempotency_records it fills some rows alone. */
#define OF(table) "SELECT organization_id FROM " table " UNION ALL "
#define WITHOUT_ORGANIZATION                                                                                           \
        "(" OF("add_ons_taxes") OF("adjusted_fees") OF("applied_coupons") OF("applied_invoice_custom_sections")        \
        OF("applied_usage_thresholds") OF("billable_metric_filters") OF("billing_entities_taxes")                      \
        OF("charge_filter_values") OF("charge_filters") OF("charges") OF("charges_taxes") OF("commitments")            \
        OF("commitments_taxes") OF("coupon_targets") OF("credit_note_items") OF("credit_notes")                        \
        OF("credit_notes_taxes") OF("credits") OF("customer_metadata") OF("customers_taxes") OF("data_export_parts")   \
        OF("dunning_campaign_thresholds") OF("fees_taxes") OF("integration_collection_mappings")                       \
        OF("integration_customers") OF("integration_items") OF("integration_mappings") OF("integration_resources")     \
        OF("invoice_metadata") OF("invoice_subscriptions") OF("invoices_payment_requests") OF("invoices_taxes")        \
        OF("payments") OF("plans_taxes") OF("recurring_transaction_rules") OF("refunds") OF("subscriptions")           \
        OF("usage_thresholds") OF("wallet_transactions") OF("wallets") OF("webhooks")                                  \
        "SELECT organization_id FROM payment_provider_customers WHERE deleted_at IS NULL) AS t "                       \
        "WHERE organization_id IS NULL"

/* Customers of a payment provider whose method of payment has no row in payment_methods. */
#define WITHOUT_METHOD                                                                                                 \
        "(SELECT id, settings->>CASE type WHEN 'PaymentProviderCustomers::GocardlessCustomer' "                        \
        "THEN 'provider_mandate_id' ELSE 'payment_method_id' END AS method "                                           \
        "FROM payment_provider_customers WHERE deleted_at IS NULL AND type IN ("                                       \
        "'PaymentProviderCustomers::StripeCustomer', 'PaymentProviderCustomers::AdyenCustomer', "                      \
        "'PaymentProviderCustomers::GocardlessCustomer', 'PaymentProviderCustomers::MoneyhashCustomer')) AS c "        \
        "WHERE method IS NOT NULL AND NOT EXISTS (SELECT FROM payment_methods m "                                      \
        "WHERE m.payment_provider_customer_id = c.id AND m.provider_method_id = c.method)"

const Bridge bridges[] = {
        { .release = "v1.20.0", .before = true,
          .task = "with more than a million fees of no amount and no units, delete them in SQL: its migration takes a "
                  "thousand at a time",
          .rows = ROWS(ZERO_FEES) },
        { .release = "v1.25.0",
          .task = "run: lagoctl rails runner 'DatabaseMigrations::PopulateFeesWithOrganizationFromInvoiceJob.perform_later; "
                  "DatabaseMigrations::PopulateFeesWithOrganizationFromSubscriptionJob.perform_later; "
                  "DatabaseMigrations::PopulateFeesWithBillingEntityIdJob.perform_later' (and let the worker finish them)",
          .rows = ROWS("fees WHERE organization_id IS NULL OR billing_entity_id IS NULL") },
        { .release = "v1.28.1",
          .task = "run: lagoctl rails runner DatabaseMigrations::PopulateInvoicesBillingEntitySequentialIdJob.perform_later "
                  "(and let the worker finish it)",
          .rows = ROWS("invoices WHERE organization_sequential_id <> 0 AND billing_entity_sequential_id IS NULL") },
        { .release = "v1.30.0",
          .task = "run: lagoctl rails migrations:fill_organization_id (until it says \"All good\")",
          .rows = ROWS(WITHOUT_ORGANIZATION) },
        { .release = "v1.32.0", .task = "run: lagoctl rails upgrade:perform_required_jobs",
          .rows = ROWS("payments WHERE customer_id IS NULL") },
        { .release = "v1.42.0", .task = "run: lagoctl rails upgrade:perform_required_jobs",
          .rows = ROWS("(SELECT code FROM charges UNION ALL SELECT code FROM fixed_charges) AS c WHERE code IS NULL") },
        /* A subscription that never had an event stays without a date: no query tells whether it was looked at. */
        { .release = "v1.44.0", .task = "run: lagoctl rails upgrade:perform_required_jobs" },
        /* Of an active wallet; those that are terminated the task leaves. */
        { .release = "v1.45.0", .task = "run: lagoctl rails migrations:wallet_traceability DRY_RUN=false",
          .rows = ROWS("wallets WHERE NOT traceable AND status = 0") },
        { .release = "v1.50.0",
          .task = "run: lagoctl rails migrations:backfill_stripe_payment_methods migrations:backfill_adyen_payment_methods "
                  "migrations:backfill_gocardless_payment_methods migrations:backfill_moneyhash_payment_methods",
          .rows = ROWS(WITHOUT_METHOD) },
        { .release = "v1.52.0",
          .task = "run: lagoctl rails migrations:backfill_wallet_transactions_billing_entity",
          .rows = ROWS("wallet_transactions WHERE billing_entity_id IS NULL") },
        { .release = "v1.57.0", .task = "run the payment term task of its upgrade notes" },
};
/* clang-format on */
const size_t n_bridges = ELEMENTSOF(bridges);
