/* Assertions of the C tests; loading the driver as a driver manager does, and logging in. */

#ifndef CHECK_H
#define CHECK_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adbc_abi.h"

#define CHECK(condition)                                                          \
  do {                                                                            \
    if (!(condition)) {                                                           \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);     \
      exit(1);                                                                    \
    }                                                                             \
  } while (0)

/* Checks a status, and that exactly a failure leaves a message; then releases the error for the next call. */
#define EXPECT(expected, call)                                                    \
  do {                                                                            \
    AdbcStatusCode found_ = (call);                                               \
    if (found_ != (expected)) {                                                   \
      fprintf(stderr, "%s:%d: status %d, expected %s, of %s: %s\n", __FILE__, __LINE__, found_, \
              #expected, #call, error.message ? error.message : "(no message)"); \
      exit(1);                                                                    \
    }                                                                             \
    forget(&error, found_);                                                       \
  } while (0)

static inline void forget(struct AdbcError *error, AdbcStatusCode status) {
  CHECK((status != ADBC_STATUS_OK) == (error->message != NULL));
  CHECK((status != ADBC_STATUS_OK) == (error->release != NULL));
  if (error->release) {
    error->release(error);
    CHECK(!error->release && !error->message && !error->private_data);
  }
}

typedef AdbcStatusCode (*InitFunction)(int, void *, struct AdbcError *);

static inline InitFunction load(const char *path, const char *symbol) {
  alarm(120); /* Whatever hangs is ended. */
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) fprintf(stderr, "%s\n", dlerror());
  CHECK(library);
  InitFunction init = (InitFunction)dlsym(library, symbol);
  CHECK(init);
  return init;
}

/* One login, with one statement. */
struct Session {
  struct AdbcDatabase database;
  struct AdbcConnection connection;
  struct AdbcStatement statement;
};

static inline void open_session(
    struct Session *session, struct AdbcDriver *driver, const char *library, const char *uri) {
  struct AdbcError error = ADBC_ERROR_INIT;
  EXPECT(ADBC_STATUS_OK, load(library, "AdbcDriverInit")(ADBC_VERSION_1_1_0, driver, &error));
  EXPECT(ADBC_STATUS_OK, driver->DatabaseNew(&session->database, &error));
  EXPECT(ADBC_STATUS_OK, driver->DatabaseSetOption(&session->database, "uri", uri, &error));
  EXPECT(ADBC_STATUS_OK, driver->DatabaseInit(&session->database, &error));
  EXPECT(ADBC_STATUS_OK, driver->ConnectionNew(&session->connection, &error));
  EXPECT(ADBC_STATUS_OK, driver->ConnectionInit(&session->connection, &session->database, &error));
  EXPECT(ADBC_STATUS_OK, driver->StatementNew(&session->connection, &session->statement, &error));
}

static inline void close_session(struct Session *session, struct AdbcDriver *driver) {
  struct AdbcError error = ADBC_ERROR_INIT;
  EXPECT(ADBC_STATUS_OK, driver->StatementRelease(&session->statement, &error));
  EXPECT(ADBC_STATUS_OK, driver->ConnectionRelease(&session->connection, &error));
  EXPECT(ADBC_STATUS_OK, driver->DatabaseRelease(&session->database, &error));
}

#endif
