#include "support.h"

#include <cstring>
#include <map>
#include <set>

namespace opsig::test {
namespace {

int failed = 0;

std::set<std::string>& used() {
  static std::set<std::string> names;
  return names;
}

}  // namespace

void fail(const std::string& what) {
  ++failed;
  // A kernel that is off fails in every element; the first ones of each kind tell what is wrong.
  static std::map<std::string, int> of_kind;
  if (++of_kind[what.substr(0, what.find(':'))] <= 3) std::fprintf(stderr, "failed: %s\n", what.c_str());
}

int failures() { return failed; }

opsig_status run_raw(const char* name, const void* arguments, size_t size) {
  used().insert(name);
  for (const opsig_operation* operation = opsig_operations(); operation; operation = operation->next)
    if (std::strcmp(operation->name, name) == 0) {
      if (operation->argument_size != size) fail(std::string(name) + ": the struct's size differs from the table's");
      return operation->run(arguments);
    }
  fail(std::string("there is no operation ") + name);
  return OPSIG_INTERNAL_ERROR;
}

std::string unused_operations() {
  std::string names;
  for (const opsig_operation* operation = opsig_operations(); operation; operation = operation->next)
    if (!used().count(operation->name)) names += std::string(" ") + operation->name;
  return names;
}

}  // namespace opsig::test
