// Room for threads whose library asked for a small stack.
//
// Civetweb, which serves the metrics, gives its threads 100 KiB. glibc takes the static
// thread-local storage of all libraries from that (bug 11787), and OpenBLAS alone has 60 KiB of it:
// on Debian 13 the first scrape overflowed the rest. Neither civetweb nor prometheus-cpp has an
// option for it.
//
// So thread_stack.cc defines pthread_attr_setstacksize instead of glibc, for every library of the
// process: it asks glibc for at least kSmallestThreadStack. Programs call it by glibc's header.
#pragma once

#include <cstddef>

namespace distill {

inline constexpr size_t kSmallestThreadStack = size_t{1} << 20;  // bytes

}  // namespace distill
