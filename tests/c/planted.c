/* One byte too far: proof that the checker which runs these programs would find such a thing. */

#include <stdlib.h>

int main(void) {
  volatile size_t size = 16;
  volatile char *heap = malloc(size);
  if (!heap) return 0;
  heap[size] = 1;
  free((void *)heap);
  return 0;
}
