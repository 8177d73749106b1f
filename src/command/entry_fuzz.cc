// Any bytes make an entry or an error; an entry that could be read is written
// and read again without a difference.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "command/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  command::Entry entry;
  if (!command::decode({reinterpret_cast<const char*>(data), size}, entry)) return 0;
  std::string once;
  std::string twice;
  command::Entry read;
  command::encode(entry, once);
  CHECK(command::decode(once, read).has_value());
  command::encode(read, twice);
  CHECK(once == twice);
  CHECK_EQ(command::fingerprint(entry.command), command::fingerprint(read.command));
  return 0;
}
