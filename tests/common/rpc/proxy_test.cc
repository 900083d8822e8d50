#include "common/rpc/proxy.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace distill {
namespace {

using Variables = std::map<std::string, std::string>;

std::optional<std::string> Proxy(const std::string& address, Variables variables) {
  return ProxyFor(*ParseAddress(address), [&](const char* name) { return variables[name]; });
}

bool IsDirect(const std::string& address, const std::string& no_proxy) {
  return Proxy(address, {{"http_proxy", "http://p:1"}, {"no_proxy", no_proxy}}) == std::nullopt;
}

TEST(ProxyTest, TheFirstVariableThatIsSetDecides) {
  EXPECT_EQ(Proxy("gpu:1", {}), std::nullopt);
  EXPECT_EQ(Proxy("gpu:1", {{"http_proxy", "http://p:1"}}), "http_proxy=http://p:1");
  EXPECT_EQ(Proxy("gpu:1", {{"http_proxy", "a"}, {"https_proxy", "b"}}), "https_proxy=b");
  EXPECT_EQ(Proxy("gpu:1", {{"grpc_proxy", "c"}, {"https_proxy", "b"}}), "grpc_proxy=c");
}

TEST(ProxyTest, ThisMachineIsNeverReachedThroughAProxy) {
  for (const char* address : {"localhost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix:/a"}) {
    EXPECT_TRUE(IsDirect(address, "")) << address;
  }
  EXPECT_FALSE(IsDirect("10.0.0.1:1", ""));
}

TEST(ProxyTest, NamesMatchWithTheirSubdomainsAsTheyAreWritten) {
  for (const char* entry : {"example.test", ".example.test", "other, EXAMPLE.test", "*", "a *",
                            "gpu-node.example.test"}) {
    EXPECT_TRUE(IsDirect("gpu-node.example.test:50051", entry)) << entry;
  }
  for (const char* entry : {"", "test.example", "node.example.test", "ample.test", "10.0.0.0/8"}) {
    EXPECT_FALSE(IsDirect("gpu-node.example.test:50051", entry)) << entry;
  }
  EXPECT_TRUE(IsDirect("teacher:50051", "teacher"));
}

TEST(ProxyTest, AddressesMatchWithTheirRanges) {
  for (const char* entry : {"10.77.0.1", "10.0.0.0/8", "10.77.0.1/32", "0.0.0.0/0"}) {
    EXPECT_TRUE(IsDirect("10.77.0.1:1", entry)) << entry;
  }
  for (const char* entry : {"10.77.0.2", "10.77.1.0/24", "10.0.0.0/33", "10.0.0.0/x", "::/0"}) {
    EXPECT_FALSE(IsDirect("10.77.0.1:1", entry)) << entry;
  }
  EXPECT_TRUE(IsDirect("[2001:db8::7]:1", "2001:db8::/32"));
  EXPECT_FALSE(IsDirect("[2001:db9::7]:1", "2001:db8::/32"));
}

TEST(ProxyTest, TheListOfGrpcComesBeforeTheOthers) {
  const Variables both = {{"http_proxy", "p"}, {"no_grpc_proxy", "a"}, {"no_proxy", "b"}};
  EXPECT_EQ(Proxy("a:1", both), std::nullopt);
  EXPECT_EQ(Proxy("b:1", both), "http_proxy=p");
  EXPECT_EQ(Proxy("b:1", {{"http_proxy", "p"}, {"NO_PROXY", "b"}}), std::nullopt);
}

}  // namespace
}  // namespace distill
