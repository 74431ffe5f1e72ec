# SPDX-License-Identifier: MIT
# The list of each release's files out of releases.txt, as tests/images/api/generate.rb reads it:
#   awk -v out=FOLDER -f tests/data/releases.awk tests/data/releases.txt
# makes FOLDER/migrations/TAG.txt for each release, and FOLDER/structure/TAG.txt for those that have db/structure.sql.

function keep(    v, sorted) {
        if (tag == "")
                return
        sorted = "sort >" out "/migrations/" tag ".txt"
        for (v in file)
                print v, file[v] | sorted
        close(sorted)
        sorted = "sort >" out "/structure/" tag ".txt"
        for (v in all)
                if (recorded)
                        print v | sorted
        close(sorted)
}

/^=/ { keep(); tag = $2; recorded = ($3 == "structure") }
/^[+~]/ { file[$2] = $3; all[$2] = 1 }
/^-/ { delete file[$2] }
END { keep() }
