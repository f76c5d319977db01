/* Assertions of the C tests, and loading the driver as a driver manager does. */

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

#endif
