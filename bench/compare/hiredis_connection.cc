// See hiredis_connection.h.
#include "hiredis_connection.h"

#include <array>
#include <cstddef>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t kWordsMax = 16;

}  // namespace

HiredisConnection::HiredisConnection(std::uint16_t port)
    : context_(redisConnect("127.0.0.1", port)) {
  if (!context_) throw std::runtime_error("hiredis: out of memory");
  if (context_->err != 0) throw std::runtime_error(std::string("hiredis: ") + context_->errstr);
}

HiredisConnection::Reply HiredisConnection::call(std::initializer_list<std::string_view> words) {
  append(words);
  return read();
}

void HiredisConnection::append(std::initializer_list<std::string_view> words) {
  std::array<const char*, kWordsMax> data{};
  std::array<std::size_t, kWordsMax> sizes{};
  if (words.size() > kWordsMax) throw std::logic_error("a request of too many words");
  std::size_t count = 0;
  for (const std::string_view word : words) {
    data[count] = word.data();
    sizes[count++] = word.size();
  }
  if (redisAppendCommandArgv(context_.get(), static_cast<int>(count), data.data(), sizes.data()) !=
      REDIS_OK) {
    throw std::runtime_error(std::string("hiredis: ") + context_->errstr);
  }
}

HiredisConnection::Reply HiredisConnection::read() {
  void* raw = nullptr;
  if (redisGetReply(context_.get(), &raw) != REDIS_OK) {
    throw std::runtime_error(std::string("hiredis: ") + context_->errstr);
  }
  Reply reply(static_cast<redisReply*>(raw), freeReplyObject);
  if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(reply->str);
  return reply;
}

void HiredisConnection::send() {
  int is_done = 0;
  while (is_done == 0) {
    if (redisBufferWrite(context_.get(), &is_done) != REDIS_OK) {
      throw std::runtime_error(std::string("hiredis: ") + context_->errstr);
    }
  }
}

std::string_view text_of(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_STRING && reply.type != REDIS_REPLY_STATUS) {
    throw std::runtime_error("a reply is no string");
  }
  return {reply.str, reply.len};
}

}  // namespace bench
