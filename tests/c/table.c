/* The handshake: versions, canaries behind the 1.0.0 structs, NULL, release of the table. */

#include "check.h"

static void other_versions_are_refused(InitFunction init) {
  struct AdbcDriver driver, untouched;
  struct AdbcError error = ADBC_ERROR_INIT;
  memset(&driver, 0x5a, sizeof(driver));
  memset(&untouched, 0x5a, sizeof(untouched));
  int versions[] = {0, -1, 1000001, 1002000, 2000000};
  for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
    EXPECT(ADBC_STATUS_NOT_IMPLEMENTED, init(versions[i], &driver, &error));
    CHECK(memcmp(&driver, &untouched, sizeof(driver)) == 0);
  }
}

static void nothing_behind_the_1_0_0_table_is_touched(InitFunction init) {
  unsigned char memory[sizeof(struct AdbcDriver)];
  struct AdbcError error = ADBC_ERROR_INIT;
  memset(memory, 0x5a, sizeof(memory));
  EXPECT(ADBC_STATUS_OK, init(ADBC_VERSION_1_0_0, memory, &error));
  for (size_t i = offsetof(struct AdbcDriver, ErrorGetDetailCount); i < sizeof(memory); i++)
    CHECK(memory[i] == 0x5a);
  struct AdbcDriver driver;
  memcpy(&driver, memory, sizeof(driver));
#define NOT_NULL(name, parameters) CHECK(driver.name != NULL);
  FUNCTIONS_1_0_0(NOT_NULL)
}

static void the_1_1_0_table_is_full(InitFunction init) {
  struct AdbcDriver driver;
  struct AdbcError error = ADBC_ERROR_INIT;
  memset(&driver, 0, sizeof(driver));
  EXPECT(ADBC_STATUS_OK, init(ADBC_VERSION_1_1_0, &driver, &error));
  FUNCTIONS_1_0_0(NOT_NULL)
  FUNCTIONS_1_1_0(NOT_NULL)
#undef NOT_NULL
  CHECK(driver.ErrorGetDetailCount && driver.ErrorGetDetail && driver.ErrorFromArrayStream);
  EXPECT(ADBC_STATUS_OK, driver.release(&driver, &error));
  EXPECT(ADBC_STATUS_OK, driver.release(&driver, &error));
}

static void a_1_0_0_error_is_not_written_behind_its_end(InitFunction init) {
  struct AdbcError error;
  memset(&error, 0, sizeof(error));
  error.private_data = error.private_driver = (void *)0x5a5a;
  CHECK(init(7, &error, &error) == ADBC_STATUS_NOT_IMPLEMENTED);
  CHECK(init(8, &error, &error) == ADBC_STATUS_NOT_IMPLEMENTED); /* reused without release */
  CHECK(error.message && strstr(error.message, "version 8"));
  CHECK(error.vendor_code != ADBC_ERROR_MARK);
  error.release(&error);
  CHECK(!error.message && !error.release);
  CHECK(error.private_data == (void *)0x5a5a && (void *)error.private_driver == (void *)0x5a5a);
}

static void an_error_keeps_the_manager_s_driver(InitFunction init) {
  struct AdbcDriver manager;
  struct AdbcError error = ADBC_ERROR_INIT;
  error.private_driver = &manager;
  CHECK(init(7, &manager, &error) == ADBC_STATUS_NOT_IMPLEMENTED);
  CHECK(error.private_driver == &manager && error.vendor_code == ADBC_ERROR_MARK);
  error.release(&error);
}

int main(int count, char **arguments) {
  CHECK(count == 2);
  const char *symbols[] = {"AdbcDriverInit", "AdbcDriverRedshiftInit"};
  for (int i = 0; i < 2; i++) {
    InitFunction init = load(arguments[1], symbols[i]);
    struct AdbcError error = ADBC_ERROR_INIT;
    struct AdbcDriver driver;
    other_versions_are_refused(init);
    nothing_behind_the_1_0_0_table_is_touched(init);
    the_1_1_0_table_is_full(init);
    a_1_0_0_error_is_not_written_behind_its_end(init);
    an_error_keeps_the_manager_s_driver(init);
    EXPECT(ADBC_STATUS_INVALID_ARGUMENT, init(ADBC_VERSION_1_1_0, NULL, &error));
    CHECK(init(ADBC_VERSION_1_1_0, NULL, NULL) == ADBC_STATUS_INVALID_ARGUMENT);
    CHECK(init(7, &driver, NULL) == ADBC_STATUS_NOT_IMPLEMENTED);
  }
  return 0;
}
