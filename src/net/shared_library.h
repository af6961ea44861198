#pragma once
#include <dlfcn.h>

#include <initializer_list>
#include <type_traits>

namespace spillway::net {

/// A library that is loaded when it is first needed, and stays: linking it would cost every start of every
/// program the milliseconds of what it brings along.
class SharedLibrary {
 public:
  /// Loads the first of `names` that the machine has.
  explicit SharedLibrary(std::initializer_list<const char*> names) {
    for (const char* name : names)
      if (!handle_) handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    complete_ = handle_ != nullptr;
  }
  /// Sets `function` to the library's function of that name, or to null.
  template <class Function>
  void look_up(Function& function, const char* name) {
    function = handle_ ? reinterpret_cast<std::decay_t<Function>>(dlsym(handle_, name)) : nullptr;
    complete_ = complete_ && function;
  }
  /// Whether the library and all that was looked up are there.
  bool complete() const { return complete_; }

 private:
  void* handle_ = nullptr;
  bool complete_ = false;
};

}  // namespace spillway::net
