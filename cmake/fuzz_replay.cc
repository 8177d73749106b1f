// Runs a fuzz target over stored inputs, in every build and without libFuzzer:
// what the fuzzer has once found is a test from then on.
//
//     replay_<target> DIRECTORY    runs the empty input and all files of DIRECTORY, if it exists
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void replay(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  // Said first, so that a crash is preceded by the name of its cause.
  std::fprintf(stderr, "%s\n", file.c_str());
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint8_t nothing[1] = {};
  LLVMFuzzerTestOneInput(nothing, 0);
  if (argc < 2 || !std::filesystem::is_directory(argv[1])) return 0;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[1])) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) replay(file);
  return 0;
}
