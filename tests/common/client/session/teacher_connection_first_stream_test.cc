// How a connection gets its first stream, or reports why it cannot.
#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/contract/starting.h"
#include "tests/common/client/session/client_fixture.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FirstStreamTest : public ClientTest {
 protected:
  absl::Status ConnectError(const TeacherClientOptions& options) {
    return TeacherClient::Connect(options, Clock::Real()).status();
  }
};

TEST_F(FirstStreamTest, TellsWhatTheTeacherGranted) {
  Connect();
  EXPECT_EQ(client_->info(), teacher_.options().model);
  EXPECT_EQ(client_->numerics(), teacher_.options().numerics);
  EXPECT_EQ(client_->limits(), teacher_.options().limits);
  EXPECT_EQ(client_->outputs()[0].spec, TargetSpec{});
  EXPECT_TRUE(client_->connected());
  EXPECT_THAT(client_->status(), IsOk());
}

TEST_F(FirstStreamTest, EachAnswerHasTheOutputsThatWereAskedForAlsoAfterALoss) {
  auto teacher = teacher_.options();
  teacher.model.outputs = {{"logits", OutputKind::kLogits, teacher.model.classes, 1},
                           {"features", OutputKind::kFeatures, 7, 1}};
  teacher_.SetOptions(teacher);
  TeacherClientOptions options = ClientOptions(teacher_.address());
  options.outputs = {{"features", {}}, {"logits", {}}};
  Connect(options);
  ASSERT_EQ(client_->outputs().size(), 2u);
  EXPECT_EQ(client_->outputs()[0].output.width, 7);
  EXPECT_EQ(client_->outputs()[0].spec.kind, OutputKind::kFeatures);
  teacher_.DropStreamAfter(1);
  for (const int key : {0, 10}) {
    ASSERT_THAT(Send(key, 3), IsOk());
    const absl::StatusOr<SoftTargets> answer = answers_.WaitForAll(key);
    ASSERT_THAT(answer, IsOk());
    ASSERT_EQ(answer->size(), 2u);
    EXPECT_EQ((*answer)[0].classes, 7);
    EXPECT_EQ((*answer)[1].classes, teacher.model.classes);
    EXPECT_EQ(DecodeFakeLogits((*answer)[1]), NumberedLogits(key, 3));
  }
}

TEST_F(FirstStreamTest, AnOutputThatTheTeacherLacksIsRefused) {
  TeacherClientOptions options = ClientOptions(teacher_.address());
  options.outputs = {{"hidden", {}}};
  EXPECT_THAT(ConnectError(options), ErrorIs(absl::StatusCode::kInternal, HasSubstr("'hidden'")));
}

TEST_F(FirstStreamTest, SaysWhatItWants) {
  TeacherClientOptions options = ClientOptions(teacher_.address());
  options.model = "vgg";
  options.class_names = {"a", "b", "c"};
  options.batch_independent = true;
  Connect(options);
  const auto open = teacher_.opens().at(0);
  EXPECT_EQ(open.model, "vgg");
  EXPECT_EQ(open.client, "test");
  EXPECT_EQ(open.fingerprint, "");
  EXPECT_THAT(open.class_names, ElementsAre("a", "b", "c"));
  EXPECT_TRUE(open.batch_independent);
}

TEST_F(FirstStreamTest, SaysWhichOfTheClassesItWants) {
  TeacherClientOptions options = ClientOptions(teacher_.address());
  options.class_indices = {2, 0, 1};
  Connect(options);
  EXPECT_THAT(teacher_.opens().at(0).class_indices, ElementsAre(2, 0, 1));
}

TEST_F(FirstStreamTest, AServerThatAnswersAboutAllClassesIsRefusedWhereSomeAreWanted) {
  FakeTeacherOptions fake;
  fake.chooses_classes = false;
  FakeTeacher teacher(fake);
  teacher.Start();
  TeacherClientOptions options = ClientOptions(teacher.address());
  options.class_indices = {2, 0, 1};
  EXPECT_THAT(ConnectError(options),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("update it")));
}

TEST_F(FirstStreamTest, ARefusalIsHandedOnInTheServersWords) {
  teacher_.RefuseOpens(absl::FailedPreconditionError("class names: the model has cat, dog"));
  EXPECT_THAT(ConnectError(ClientOptions(teacher_.address())),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      AllOf(HasSubstr("class names: the model has cat, dog"),
                            HasSubstr(teacher_.address()))));
  EXPECT_EQ(teacher_.opens().size(), 1u);
}

TEST_F(FirstStreamTest, NobodyAtTheAddressIsUnavailable) {
  const TempDir folder;
  TeacherClientOptions options = ClientOptions(absl::StrCat("unix:", (folder / "x").string()));
  options.backoff = {.initial = absl::Hours(1), .max = absl::Hours(1)};  // so it is tried once
  EXPECT_THAT(ConnectError(options),
              ErrorIs(absl::StatusCode::kUnavailable,
                      AllOf(HasSubstr("cannot reach a teacher at unix:" + (folder / "x").string()),
                            HasSubstr("No such file"))));
}

TEST_F(FirstStreamTest, ATeacherThatStartsMeanwhileIsFound) {
  teacher_.Kill();
  std::thread starter([&] { teacher_.Start(); });
  Connect();
  starter.join();
  EXPECT_TRUE(client_->connected());
}

TEST_F(FirstStreamTest, ADrainingTeacherIsTriedAgain) {
  teacher_.RefuseOpens(absl::UnavailableError("the server drains"));
  std::thread accepter([&] {
    teacher_.WaitForOpens(2);
    teacher_.RefuseOpens(absl::OkStatus());
  });
  Connect();
  accepter.join();
  EXPECT_GE(teacher_.opens().size(), 3u);
}

TEST_F(FirstStreamTest, ATeacherThatIsStartingIsWaitedForAsLongAsItSaysSo) {
  teacher_.RefuseOpens(absl::UnavailableError(kServerStarting));
  std::thread accepter([&] {
    teacher_.WaitForOpens(20);  // of which the timeout allows for five
    teacher_.RefuseOpens(absl::OkStatus());
  });
  TeacherClientOptions options = ClientOptions(teacher_.address());
  options.connect_timeout = absl::Milliseconds(50);
  options.backoff = {.initial = absl::Milliseconds(10), .max = absl::Milliseconds(10)};
  Connect(options);
  accepter.join();
  EXPECT_TRUE(client_->connected());
  EXPECT_FALSE(client_->starting());
}

TEST_F(FirstStreamTest, ATeacherThatNeverAnswersTimesOut) {
  teacher_.IgnoreOpens();
  TeacherClientOptions options = ClientOptions(teacher_.address());
  options.connect_timeout = absl::Milliseconds(50);
  EXPECT_THAT(ConnectError(options),
              ErrorIs(absl::StatusCode::kUnavailable,
                      AllOf(HasSubstr("cannot reach a teacher at " + teacher_.address()),
                            ContainsRegex("no answer within [0-9]+ms"))));
}

TEST_F(FirstStreamTest, TheTimeThatHasPassedIsToldAndNotTheOneThatIsLeft) {
  teacher_.IgnoreOpens();
  FakeClock clock;
  const auto client = TeacherClient::Start(ClientOptions(teacher_.address()), clock, nullptr);
  teacher_.WaitForOpens(1);
  clock.Advance(absl::Seconds(4));
  EXPECT_THAT(client->status(), ErrorIs(absl::StatusCode::kUnavailable,
                                        HasSubstr("cannot reach a teacher at " +
                                                  teacher_.address() + ": no answer within 4s")));
  client->Stop();
}

TEST_F(FirstStreamTest, AGrpcServerWithoutTheServiceIsNotATeacher) {
  const TempDir folder;
  const std::string address = absl::StrCat("unix:", (folder / "other.sock").string());
  grpc::CallbackGenericService other;  // answers everything UNIMPLEMENTED
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterCallbackGenericService(&other);
  const auto server = builder.BuildAndStart();
  EXPECT_THAT(ConnectError(ClientOptions(address)),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      HasSubstr(address + " is not a teacher server")));
}

// Listens on a free port of the loopback; what a peer gets is `greeting`.
class TcpListener {
 public:
  explicit TcpListener(std::string greeting) : greeting_(std::move(greeting)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in any = {};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(any);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&any), size), 0);
    EXPECT_EQ(::listen(socket_, 16), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&any), &size), 0);
    port_ = ntohs(any.sin_port);
    thread_ = std::thread([this] { Accept(); });
  }
  ~TcpListener() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    for (const int peer : peers_) ::close(peer);
    ::close(socket_);
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  void Accept() {
    for (int peer; (peer = ::accept(socket_, nullptr, nullptr)) >= 0;) {
      peers_.push_back(peer);
      if (!greeting_.empty()) {
        EXPECT_GT(::send(peer, greeting_.data(), greeting_.size(), MSG_NOSIGNAL), 0);
      }
    }
  }

  const std::string greeting_;
  int socket_ = -1;
  int port_ = 0;
  std::vector<int> peers_;
  std::thread thread_;
};

TEST_F(FirstStreamTest, AnHttpServerIsNotATeacher) {
  const TcpListener http("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(ConnectError(ClientOptions(http.address())),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      HasSubstr(http.address() + " is not a teacher server")));
}

TEST_F(FirstStreamTest, AListenerThatSaysNothingTimesOut) {
  const TcpListener silent("");
  TeacherClientOptions options = ClientOptions(silent.address());
  options.connect_timeout = absl::Milliseconds(50);
  EXPECT_THAT(ConnectError(options),
              ErrorIs(absl::StatusCode::kUnavailable,
                      HasSubstr("cannot reach a teacher at " + silent.address())));
}

TEST_F(FirstStreamTest, OptionsThatCannotBeAreRefusedByName) {
  struct Case {
    TeacherClientOptions options;
    const char* message;
  };
  const Case cases[] = {
      {{.address = "nowhere"}, "'nowhere'"},
      {{.address = "host:0"}, "port 0"},
      {{.address = "host:1", .client_name = std::string(129, 'x')},
       "client_name is 129 bytes; must be"},
      {{.address = "host:1", .connect_timeout = absl::ZeroDuration()},
       "`connect_timeout` is 0; must be"},
      {{.address = "host:1", .backoff = {.multiplier = 0}}, "`multiplier` is 0; must be"},
      {{.address = "host:1", .max_message_bytes = 0}, "`max_message_bytes` is 0; must be"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(ConnectError(c.options),
                ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)));
  }
}

TEST_F(FirstStreamTest, AnOpenedOfAnotherNumberOfClassesThanNamedIsABreach) {
  TeacherClientOptions options = ClientOptions(teacher_.address());
  options.class_names = {"a", "b"};
  EXPECT_THAT(ConnectError(options), ErrorIs(absl::StatusCode::kInternal,
                                             HasSubstr("Opened.model.classes is 3; must be 2")));
}

}  // namespace
}  // namespace distill::testing
