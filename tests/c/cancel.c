/* AdbcConnectionCancel ends an AdbcConnectionInit that waits in another thread for a server that says nothing. */

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "check.h"

static struct AdbcDriver driver;
static struct AdbcDatabase database;
static struct AdbcConnection connection;

static void *connect_there(void *unused) {
  (void)unused;
  struct AdbcError error = ADBC_ERROR_INIT;
  EXPECT(ADBC_STATUS_CANCELLED, driver.ConnectionInit(&connection, &database, &error));
  return NULL;
}

static int silent_server(int *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof(address);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(listener >= 0);
  CHECK(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1) == 0);
  CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
  *port = ntohs(address.sin_port);
  return listener;
}

int main(int count, char **arguments) {
  CHECK(count == 2);
  struct AdbcError error = ADBC_ERROR_INIT;
  EXPECT(ADBC_STATUS_OK, load(arguments[1], "AdbcDriverInit")(ADBC_VERSION_1_1_0, &driver, &error));
  int port;
  int listener = silent_server(&port);
  char uri[64];
  snprintf(uri, sizeof(uri), "redshift://user:password@127.0.0.1:%d/dev", port);
  EXPECT(ADBC_STATUS_OK, driver.DatabaseNew(&database, &error));
  EXPECT(ADBC_STATUS_OK, driver.DatabaseSetOption(&database, "uri", uri, &error));
  EXPECT(ADBC_STATUS_OK, driver.DatabaseInit(&database, &error));
  EXPECT(ADBC_STATUS_OK, driver.ConnectionNew(&connection, &error));
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, connect_there, NULL) == 0);
  int client = accept(listener, NULL, NULL);
  CHECK(client >= 0);
  char first_byte;
  CHECK(recv(client, &first_byte, 1, 0) == 1); /* Now the driver waits for the answer. */
  EXPECT(ADBC_STATUS_OK, driver.ConnectionCancel(&connection, &error));
  CHECK(pthread_join(thread, NULL) == 0);
  EXPECT(ADBC_STATUS_OK, driver.ConnectionRelease(&connection, &error));
  EXPECT(ADBC_STATUS_OK, driver.DatabaseRelease(&database, &error));
  close(client);
  close(listener);
  return 0;
}
