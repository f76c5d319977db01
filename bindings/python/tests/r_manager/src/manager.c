/* Calls of the C driver manager for R. Owns no memory past `manager_release`; every failure becomes an R error. */

#include <stdlib.h>
#include <string.h>

#include <arrow-adbc/adbc.h>
#include <arrow-adbc/adbc_driver_manager.h>

#define R_NO_REMAP
#include <R.h>
#include <Rinternals.h>

static void check(AdbcStatusCode status, struct AdbcError *error) {
  if (status == ADBC_STATUS_OK) return;
  const char *message = error->message ? error->message : "(no message)";
  char *kept = R_alloc(strlen(message) + 1, 1);
  strcpy(kept, message);
  if (error->release) error->release(error);
  Rf_error("%s", kept);
}

static const char *text(SEXP value, R_xlen_t i) { return Rf_translateCharUTF8(STRING_ELT(value, i)); }

static void *made(size_t size) {
  void *object = calloc(1, size);
  if (object == NULL) Rf_error("out of memory");
  return object;
}

static SEXP pointer(void *object) { return R_MakeExternalPtr(object, R_NilValue, R_NilValue); }

SEXP manager_load(SEXP name, SEXP entrypoint) {
  struct AdbcDriver driver = {0};
  struct AdbcError error = ADBC_ERROR_INIT;
  check(AdbcFindLoadDriver(text(name, 0), text(entrypoint, 0), ADBC_VERSION_1_1_0, ADBC_LOAD_FLAG_DEFAULT, NULL,
                           &driver, &error),
        &error);
  check(driver.release(&driver, &error), &error);
  return R_NilValue;
}

SEXP manager_database(SEXP keys, SEXP values) {
  struct AdbcDatabase *database = made(sizeof *database);
  struct AdbcError error = ADBC_ERROR_INIT;
  check(AdbcDatabaseNew(database, &error), &error);
  check(AdbcDriverManagerDatabaseSetLoadFlags(database, ADBC_LOAD_FLAG_DEFAULT, &error), &error);
  for (R_xlen_t i = 0; i < Rf_xlength(keys); i++)
    check(AdbcDatabaseSetOption(database, text(keys, i), text(values, i), &error), &error);
  check(AdbcDatabaseInit(database, &error), &error);
  return pointer(database);
}

SEXP manager_connection(SEXP database, SEXP keys, SEXP values) {
  struct AdbcConnection *connection = made(sizeof *connection);
  struct AdbcError error = ADBC_ERROR_INIT;
  check(AdbcConnectionNew(connection, &error), &error);
  for (R_xlen_t i = 0; i < Rf_xlength(keys); i++)
    check(AdbcConnectionSetOption(connection, text(keys, i), text(values, i), &error), &error);
  check(AdbcConnectionInit(connection, R_ExternalPtrAddr(database), &error), &error);
  return pointer(connection);
}

SEXP manager_statement(SEXP connection, SEXP keys, SEXP values) {
  struct AdbcStatement *statement = made(sizeof *statement);
  struct AdbcError error = ADBC_ERROR_INIT;
  check(AdbcStatementNew(R_ExternalPtrAddr(connection), statement, &error), &error);
  for (R_xlen_t i = 0; i < Rf_xlength(keys); i++)
    check(AdbcStatementSetOption(statement, text(keys, i), text(values, i), &error), &error);
  return pointer(statement);
}

SEXP manager_count_rows(SEXP statement, SEXP query) {
  struct ArrowArrayStream stream = {0};
  struct ArrowArray batch = {0};
  struct AdbcError error = ADBC_ERROR_INIT;
  double rows = 0;
  check(AdbcStatementSetSqlQuery(R_ExternalPtrAddr(statement), text(query, 0), &error), &error);
  check(AdbcStatementExecuteQuery(R_ExternalPtrAddr(statement), &stream, NULL, &error), &error);
  int status = stream.get_next(&stream, &batch);
  while (status == 0 && batch.release != NULL) {
    rows += (double)batch.length;
    batch.release(&batch);
    status = stream.get_next(&stream, &batch);
  }
  stream.release(&stream);
  if (status != 0) Rf_error("the stream ended with status %d", status);
  return Rf_ScalarReal(rows);
}

SEXP manager_release(SEXP statement, SEXP connection, SEXP database) {
  struct AdbcError error = ADBC_ERROR_INIT;
  check(AdbcStatementRelease(R_ExternalPtrAddr(statement), &error), &error);
  check(AdbcConnectionRelease(R_ExternalPtrAddr(connection), &error), &error);
  check(AdbcDatabaseRelease(R_ExternalPtrAddr(database), &error), &error);
  free(R_ExternalPtrAddr(statement));
  free(R_ExternalPtrAddr(connection));
  free(R_ExternalPtrAddr(database));
  return R_NilValue;
}
