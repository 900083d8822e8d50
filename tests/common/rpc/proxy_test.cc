#include "common/rpc/proxy.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

namespace distill {
namespace {

using Variables = std::map<std::string, std::string>;

Environment Of(const Variables& variables) {
  return [variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

std::optional<std::string> Proxy(const std::string& address, const Variables& variables) {
  return ProxyFor(*ParseAddress(address), Of(variables));
}

std::optional<std::string> IgnoredProxy(const std::string& value) {
  return IgnoredProxyFor(*ParseAddress("gpu:1"), Of({{"http_proxy", value}}));
}

bool IsDirect(const std::string& address, const std::string& no_proxy) {
  return Proxy(address, {{"http_proxy", "http://p:1"}, {"no_proxy", no_proxy}}) == std::nullopt;
}

TEST(ProxyTest, TheFirstVariableThatIsSetDecides) {
  const std::string a = "http://a:1", b = "http://b:1";
  EXPECT_EQ(Proxy("gpu:1", {}), std::nullopt);
  EXPECT_EQ(Proxy("gpu:1", {{"http_proxy", a}}), "http_proxy=http://a:1");
  EXPECT_EQ(Proxy("gpu:1", {{"http_proxy", a}, {"https_proxy", b}}), "https_proxy=http://b:1");
  EXPECT_EQ(Proxy("gpu:1", {{"grpc_proxy", a}, {"https_proxy", b}}), "grpc_proxy=http://a:1");
  EXPECT_EQ(Proxy("gpu:1", {{"grpc_proxy", ""}, {"http_proxy", a}}), std::nullopt);
}

// gRPC 1.51 connects directly, and logs why, for each of the second list.
TEST(ProxyTest, OnlyWhatGrpcTakesForAProxyIsUsed) {
  for (const char* used : {"http://p", "http://p:1", "http://p:1/", "http://u:w@p:1"}) {
    EXPECT_TRUE(Proxy("gpu:1", {{"http_proxy", used}}).has_value()) << used;
    EXPECT_EQ(IgnoredProxy(used), std::nullopt) << used;
  }
  for (const char* ignored : {"p:1", "socks5://p:1", "https://p:1", "HTTP://p:1", "http:///x"}) {
    EXPECT_EQ(Proxy("gpu:1", {{"http_proxy", ignored}}), std::nullopt) << ignored;
    EXPECT_EQ(IgnoredProxy(ignored), std::string("http_proxy=") + ignored);
  }
  EXPECT_EQ(IgnoredProxy("http://u:w@x@p:1"), "http_proxy=http://p:1");
  EXPECT_EQ(IgnoredProxy("http://u:w%40x@p:1"), "http_proxy=http://p:1");
  // The variable that is set hides the one that could be used, as in gRPC.
  EXPECT_EQ(Proxy("gpu:1", {{"https_proxy", "p:1"}, {"http_proxy", "http://p:1"}}), std::nullopt);
}

TEST(ProxyTest, APasswordIsNotShown) {
  for (const char* value : {"http://user:secret@p:1", "http://user:sec/ret@p:1"}) {
    EXPECT_EQ(Proxy("gpu:1", {{"http_proxy", value}}), "http_proxy=http://p:1");
  }
  EXPECT_EQ(IgnoredProxy("socks5://user:secret@p:1"), "http_proxy=socks5://p:1");
  EXPECT_EQ(IgnoredProxy("user:secret@p:1"), "http_proxy=p:1");
}

TEST(ProxyTest, ThisMachineIsNeverReachedThroughAProxy) {
  for (const char* address : {"localhost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix:/a"}) {
    EXPECT_TRUE(IsDirect(address, "")) << address;
  }
  EXPECT_FALSE(IsDirect("10.0.0.1:1", ""));
}

TEST(ProxyTest, NamesMatchWithTheirSubdomainsAsTheyAreWritten) {
  for (const char* entry : {"example.test", ".example.test", "*.example.test",
                            "other, EXAMPLE.test", "*", "a *", "gpu-node.example.test"}) {
    EXPECT_TRUE(IsDirect("gpu-node.example.test:50051", entry)) << entry;
  }
  for (const char* entry : {"", "test.example", ".node.example.test", "*.ample.test", "10.0.0.0/8",
                            "xgpu-node.example.test"}) {
    EXPECT_FALSE(IsDirect("gpu-node.example.test:50051", entry)) << entry;
  }
  EXPECT_TRUE(IsDirect("teacher:50051", "teacher"));
  EXPECT_TRUE(IsDirect("example.test:50051", ".example.test"));
}

TEST(ProxyTest, AnyEndOfANameMatchesAsGrpcDoesIt) {
  for (const char* entry : {"ample.test", "node.example.test", "t"}) {
    EXPECT_TRUE(IsDirect("gpu-node.example.test:50051", entry)) << entry;
  }
  EXPECT_TRUE(IsDirect("203.0.113.7:1", "13.7"));
}

TEST(ProxyTest, AnEntryWithAPortIsForThatPortAlone) {
  for (const char* entry : {"gpu.test:443", ".test:443", "*.test:443", "gpu.test"}) {
    EXPECT_TRUE(IsDirect("gpu.test:443", entry)) << entry;
  }
  for (const char* entry : {"gpu.test:444", "gpu.test:44", ":443", "*:443x"}) {
    EXPECT_FALSE(IsDirect("gpu.test:443", entry)) << entry;
  }
  EXPECT_TRUE(IsDirect("10.77.0.1:443", "10.77.0.1:443"));
  EXPECT_TRUE(IsDirect("[2001:db8::7]:443", "[2001:db8::7]:443"));
  EXPECT_TRUE(IsDirect("[2001:db8::7]:443", "[2001:db8::7]"));
  EXPECT_TRUE(IsDirect("[2001:db8::7]:443", "2001:DB8:0::7"));
  EXPECT_FALSE(IsDirect("[2001:db8::7]:443", "[2001:db8::7]:444"));
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
  const Variables both = {{"http_proxy", "http://p:1"}, {"no_grpc_proxy", "a"}, {"no_proxy", "b"}};
  EXPECT_EQ(Proxy("a:1", both), std::nullopt);
  EXPECT_EQ(Proxy("b:1", both), "http_proxy=http://p:1");
  EXPECT_EQ(Proxy("b:1", {{"http_proxy", "http://p:1"}, {"NO_PROXY", "b"}}), std::nullopt);
}

}  // namespace
}  // namespace distill
