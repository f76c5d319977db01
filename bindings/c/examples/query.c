/* Runs a query and prints its rows.
 *
 *     query URI
 *
 * The same source serves both ways of linking: to the driver itself, whose library has all functions of adbc.h, and to
 * an ADBC driver manager, which loads the driver by name. */

#include <inttypes.h>
#include <stdio.h>

#include <arrow-adbc/adbc.h>

#include <adbc_driver_redshift.h>

#include "query.h"

/* Reports a failed call; tells whether it failed. */
static int failed(const char *what, AdbcStatusCode status, struct AdbcError *error) {
  if (status == ADBC_STATUS_OK) return 0;
  fprintf(stderr, "%s: %s\n", what, error->message ? error->message : "no message");
  if (error->release) error->release(error);
  return 1;
}

static int connect_to(const char *uri, struct AdbcDatabase *database, struct AdbcConnection *connection) {
  struct AdbcError error = ADBC_ERROR_INIT;
  return failed("database", AdbcDatabaseNew(database, &error), &error) ||
         failed("driver", name_driver(database, &error), &error) ||
         failed("uri", AdbcDatabaseSetOption(database, ADBC_OPTION_URI, uri, &error), &error) ||
         failed("option",
                AdbcDatabaseSetOption(database, ADBC_REDSHIFT_OPTION_SESSION_APPLICATION_NAME, "query.c", &error),
                &error) ||
         failed("database", AdbcDatabaseInit(database, &error), &error) ||
         failed("connection", AdbcConnectionNew(connection, &error), &error) ||
         failed("connection", AdbcConnectionInit(connection, database, &error), &error);
}

/* Prints a batch of the query's two columns, bigint and varchar. A NULL would need a look at buffers[0]. */
static void print_batch(const struct ArrowArray *batch) {
  const int64_t *numbers = batch->children[0]->buffers[1];
  const int32_t *offsets = batch->children[1]->buffers[1];
  const char *labels = batch->children[1]->buffers[2];
  for (int64_t row = 0; row < batch->length; row++) {
    printf("%" PRId64 "  %.*s\n", numbers[row], (int)(offsets[row + 1] - offsets[row]), labels + offsets[row]);
  }
}

/* Prints all batches as they arrive; frees the stream. */
static int print_stream(struct ArrowArrayStream *stream) {
  struct ArrowArray batch;
  int code;
  while ((code = stream->get_next(stream, &batch)) == 0 && batch.release) {
    print_batch(&batch);
    batch.release(&batch);
  }
  if (code) fprintf(stderr, "fetch: %s\n", stream->get_last_error(stream));
  stream->release(stream);
  return code;
}

static int query(struct AdbcConnection *connection) {
  struct AdbcError error = ADBC_ERROR_INIT;
  struct AdbcStatement statement = {0};
  struct ArrowArrayStream stream = {0};
  int result = failed("statement", AdbcStatementNew(connection, &statement, &error), &error) ||
               failed("query", AdbcStatementSetSqlQuery(&statement, QUERY, &error), &error) ||
               failed("query", AdbcStatementExecuteQuery(&statement, &stream, NULL, &error), &error) ||
               print_stream(&stream);
  if (statement.private_data) AdbcStatementRelease(&statement, NULL);
  return result;
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: %s redshift://user:password@host:5439/database\n", arguments[0]);
    return 2;
  }
  struct AdbcDatabase database = {0};
  struct AdbcConnection connection = {0};
  int result = connect_to(arguments[1], &database, &connection) || query(&connection);
  if (connection.private_data) AdbcConnectionRelease(&connection, NULL);
  if (database.private_data) AdbcDatabaseRelease(&database, NULL);
  return result;
}
