/* The query that both examples run, and how they name the driver. */

#ifndef QUERY_H
#define QUERY_H

#include <arrow-adbc/adbc.h>

#define QUERY \
  "SELECT n::bigint AS number, 'row ' || n AS label FROM generate_series(1, 3) AS s(n) ORDER BY n"

#ifdef USE_DRIVER_MANAGER

#include <arrow-adbc/adbc_driver_manager.h>

/* "redshift" is found by its manifest, in the folders of the environment, the user and the system; the path of the
 * library works too. */
static inline AdbcStatusCode name_driver(struct AdbcDatabase *database, struct AdbcError *error) {
  AdbcStatusCode status = AdbcDriverManagerDatabaseSetLoadFlags(database, ADBC_LOAD_FLAG_DEFAULT, error);
  return status != ADBC_STATUS_OK ? status : AdbcDatabaseSetOption(database, "driver", "redshift", error);
}

#else

/* Linked with the driver itself there is nobody to tell. */
static inline AdbcStatusCode name_driver(struct AdbcDatabase *database, struct AdbcError *error) {
  (void)database;
  (void)error;
  return ADBC_STATUS_OK;
}

#endif

#endif
