#include "base/digest.h"

#include <openssl/evp.h>

namespace spillway {
namespace {

// Fetched once: looking it up by name costs more than a small file's hash.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched ? fetched : EVP_sha256();
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context, algorithm(), nullptr);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(std::string_view data) {
  EVP_DigestUpdate(state_->context, data.data(), data.size());
  return *this;
}

std::string Sha256::finish() {
  std::string out(32, '\0');
  EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(out.data()), nullptr);
  EVP_DigestInit_ex(state_->context, algorithm(), nullptr);
  return out;
}

}  // namespace spillway
