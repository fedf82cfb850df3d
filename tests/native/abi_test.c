// The boundary as a plain C program sees it: the table is well formed, and a failure leaves a status and a text.
#include <stdio.h>
#include <string.h>

#include "opsig/opsig.h"

static int failures = 0;

static void check(int holds, const char* what) {
  if (!holds) {
    fprintf(stderr, "failed: %s\n", what);
    failures++;
  }
}

int main(void) {
  check(opsig_abi_version() == OPSIG_ABI_VERSION, "the library and the header agree on the ABI version");
  int count = 0;
  for (const opsig_operation* a = opsig_operations(); a; a = a->next, count++) {
    check(a->name && *a->name && a->run && a->argument_size > 0, "an operation has a name, a function and a size");
    for (const opsig_operation* b = a->next; b; b = b->next) check(strcmp(a->name, b->name) != 0, a->name);
  }
  check(count > 0, "there are operations");
  check(opsig_set_threads(0) == OPSIG_INVALID_ARGUMENT, "zero threads are refused");
  check(strstr(opsig_last_error(), "threads") != NULL, "the refusal says what is wrong");
  check(opsig_set_threads(1) == OPSIG_OK && opsig_threads() == 1, "one thread is accepted");
  return failures != 0;
}
