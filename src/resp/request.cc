// Written with the server side of RESP: a request is an array in both versions.
#include "resp/request.h"

#include "resp/writer.h"

namespace resp {

void append_request(std::string& out, std::span<const std::string_view> args) {
  Writer writer(out, 2);
  writer.array(args.size());
  for (const std::string_view arg : args) writer.bulk(arg);
}

std::string encode_request(std::span<const std::string_view> args) {
  std::string out;
  append_request(out, args);
  return out;
}

}  // namespace resp
