/* SPDX-License-Identifier: MIT */
#pragma once
/* The steps to a verdict, one file of judge-*.c after the other. */

#include "schema/case.h"

/* Each step answers whether its verdict holds, and then has told it. */
bool judge_contact(Case *c);
bool judge_read_only(Case *c);
bool judge_major(Case *c);
bool judge_busy(Case *c);
/** judge_pooled() - migrations are to be run through a pooler, which keeps no lock for us. */
bool judge_pooled(Case *c);
/** judge_loading() - somebody fills an empty database at this moment: what is half done in it is no ruin. */
bool judge_loading(Case *c);

bool judge_invisible(Case *c);
bool judge_half_loaded(Case *c);
bool judge_occupied(Case *c);
bool judge_foreign(Case *c);
bool judge_ahead(Case *c);
bool judge_gap(Case *c);

bool judge_stop(Case *c);
/** warn_bridges() - the task of the bridge release that image and database are on. */
void warn_bridges(Case *c);
/** bridge_question() - SQL for the rows that the task of the database's bridge has left, or NULL. */
const char *bridge_question(const Case *c);
/** bridge_is_crossed() - the database is before a bridge that was not passed, the image behind it. */
bool bridge_is_crossed(const Case *c);

/** judge_unfinished() - a restore stopped before it made keys and indexes. */
bool judge_unfinished(Case *c);
/** judge_owner() - what the missing migrations change may be another role's. */
bool judge_owner(Case *c);
/** warn_loose() - foreign keys, which a restore makes last, are missing. */
void warn_loose(Case *c);

/** warn_server() - what a session of this role is given may keep migrations, or Lago's text, from getting through. */
void warn_server(Case *c);

/** warn_collation() - the database was made by a server that sorts text in another way. */
void warn_collation(Case *c);

bool judge_extension(Case *c);
/** fresh_way() - how an empty database will get its tables. */
FreshWay fresh_way(const Case *c);
/** extensions_of_files() - what running the missing files one by one creates; a new vector. */
char **extensions_of_files(const Manifest *manifest, const Ledger *ledger);
/** partman_is_needed() - the missing files use PARTMAN, where the server has it. */
bool partman_is_needed(const Case *c);
