/* A program that links the library and calls the plain functions; it also includes the driver's own header. */

#include "adbc_driver_redshift.h"
#include "check.h"

int main(void) {
  struct AdbcDatabase database = {0};
  struct AdbcError error = ADBC_ERROR_INIT;
  struct AdbcDriver driver;
  alarm(60);
  EXPECT(ADBC_STATUS_INVALID_STATE, AdbcDatabaseInit(&database, &error));
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, AdbcStatementPrepare(NULL, &error));
  CHECK(AdbcErrorGetDetailCount(&error) == 0);
  InitFunction init = AdbcDriverRedshiftInit;
  EXPECT(ADBC_STATUS_OK, init(ADBC_VERSION_1_1_0, &driver, &error));
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.DatabaseInit(&database, &error));
  return 0;
}
