// TeacherPool: several teachers that compute the same, as one.
//
// Each request goes to the connected teacher that owes the fewest samples. What a lost teacher owes
// moves to the others at once, and so does what a draining one did not take; while none is
// connected it waits in the pool. A teacher that breaks the contract, or fails in any other way
// than being away, is dropped for the run; so is one that is not the same as the first. The pool
// fails when no teacher that was ever admitted is left: it does not wait for one that could never
// be reached.
//
// A request is with one teacher at a time, which answers it or gives it back: nothing is answered
// twice, nothing is left out. It is the same request everywhere, with its seed.
//
// A host's name with several addresses stands for a teacher at each. The name is looked up again
// from time to time, and more often while one of them is lost or they are fewer than they have
// been: new addresses join, and a lost teacher whose address the name no longer has is removed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/client/pool/host_resolver.h"
#include "common/client/pool/pool_members.h"
#include "common/client/session/backoff.h"
#include "common/client/session/granted.h"
#include "common/client/session/soft_target_source.h"
#include "common/client/session/teacher_client.h"

namespace distill {

struct TeacherPoolOptions {
  std::vector<std::string> addresses;  // "host:port", "unix:/path"; at least one
  TeacherClientOptions teacher;        // of each; `address` and `ip` are not used
  HostResolver resolve = ResolveHost;
  absl::Duration lookup_interval = absl::Seconds(30);  // of names while no teacher is lost

  // INVALID_ARGUMENT names the address or the field and what is allowed.
  absl::Status Validate() const;
};

// Thread-safe. Owns its teachers and a thread, which looks names up and ends dropped teachers.
class TeacherPool : public SoftTargetSource {
 public:
  // Tries all addresses at once, and returns when one teacher is connected and each of the others
  // is too, could not be reached, or took 2 s longer; those are tried on. The first in the order of
  // `addresses` decides which fingerprint is wanted (and numerics, if batch_independent). If none
  // can be reached within connect_timeout, or each was dropped, the error names them all, of a name
  // the addresses that were tried; for a single teacher it is that of TeacherClient::Connect.
  // CANCELLED once `stop` is requested. The clock must outlive the pool.
  static absl::StatusOr<std::unique_ptr<TeacherPool>> Connect(const TeacherPoolOptions& options,
                                                              Clock& clock,
                                                              std::stop_token stop = {});
  ~TeacherPool() override;  // as Stop()

  const ModelInfo& info() const override ABSL_NO_THREAD_SAFETY_ANALYSIS { return chosen_->model; }
  const std::vector<AnswerOutput>& outputs() const override ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return chosen_->outputs;
  }

  // Of the teacher that was chosen; all have the same where answers are batch-independent.
  const Numerics& numerics() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return chosen_->numerics; }

  // The smallest of those that were there at first, for requests that fit every teacher; one that
  // comes later and allows less is dropped. The credits are the sum over the teachers, lost ones
  // too; they fall when a teacher is dropped or removed, and rise when one joins.
  StreamLimits limits() const override;

  absl::StatusOr<uint64_t> Send(SoftTargetRequest request, Callback callback) override;
  bool AbandonWhileLost(absl::Span<const uint64_t> ids) override;

  // kConnected if one teacher is; kLost if none is, and one may come back; kFailed if all that were
  // ever admitted were dropped.
  TeacherState state() const override;
  absl::Status status() const override;

  // A loss is a time without any teacher; losing one of several does not count.
  absl::Status last_loss() const override;
  ClientStats stats() const override;

  // How many samples each teacher answered, by its address: "host:port (192.0.2.7)" where the name
  // has several, and "host:port" for the sum of those that were removed.
  std::map<std::string, int64_t> samples_by_teacher() const;

  void SetStateListener(std::function<void()> listener) override;
  void Stop() override;

 private:
  struct Outstanding {
    SoftTargetRequest request;
    int64_t samples = 0;
    Callback callback;
  };
  struct PoolAddress {
    std::string text;
    std::string host;      // to look up; empty: the address has one teacher
    bool has_ips = false;  // looked up: its members are told by their ip
    std::optional<Backoff> backoff = std::nullopt;
    absl::Time next_lookup = absl::InfinitePast();   // while one is lost or missing
    absl::Time next_refresh = absl::InfinitePast();  // at the latest
    int64_t most_members = 0;                        // that it has had, lost ones too
    bool was_admitted = false;                       // one of its members
    bool other_family = false;                       // its members are those of OtherFamily
    absl::Time family_since = absl::InfinitePast();
    // Why members that were removed before one was chosen could not be reached, by their ip.
    std::map<std::string, absl::Status> unreached = {};
  };

  TeacherPool(const TeacherPoolOptions& options, Clock& clock);

  // Connect: pool_start.cc.
  void StartMembers();
  absl::Status AwaitFirst(const std::stop_token& stop);
  // Why no teacher could be reached in time, with what helps.
  absl::Status Unreached() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ChooseTeacher(const std::vector<PoolMember*>& connected)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The thread: pool_thread.cc.
  void Run();
  std::optional<size_t> NextLookup(absl::Time* wake) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsSuperseded(const PoolMember& member) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The addresses that the members of an address shall have, of those that its name has now.
  std::vector<std::string> ChooseFamily(size_t address, const std::vector<std::string>& found)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Reconcile(size_t address, const std::vector<std::string>& ips)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Keeps the reason of a member that is removed, for Unreached().
  void KeepReason(const PoolMember& member) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddMember(size_t address, const std::string& ip) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // From the members' threads.
  void OnChange(PoolMember& member);
  void OnAnswer(PoolMember& member, uint64_t id, int64_t samples,
                absl::StatusOr<SoftTargets> result);

  // Takes over what has become of a member.
  void Refresh(PoolMember& member) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether it is the teacher that was chosen.
  absl::Status CheckFits(const PoolMember& member) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Admit(PoolMember& member) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drop(PoolMember& member, const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteLoss() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Sends what waits, as far as there is room.
  void Dispatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Completion> TakeAll(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  TeacherState StateLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Calls what has been collected under the lock. Not while it is held.
  void Deliver() ABSL_LOCKS_EXCLUDED(mutex_);

  const TeacherPoolOptions options_;
  Clock& clock_;

  // Taken before a client's own mutex, never with that held.
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<PoolAddress> addresses_ ABSL_GUARDED_BY(mutex_);
  PoolMembers members_ ABSL_GUARDED_BY(mutex_);
  std::optional<Granted> chosen_ ABSL_GUARDED_BY(mutex_);  // constant once Connect returned
  std::string chosen_name_ ABSL_GUARDED_BY(mutex_);

  std::map<uint64_t, Outstanding> requests_ ABSL_GUARDED_BY(mutex_);
  std::set<uint64_t> waiting_ ABSL_GUARDED_BY(mutex_);  // of these: with no teacher
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;

  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  bool was_connected_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t losses_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status last_loss_ ABSL_GUARDED_BY(mutex_);
  std::vector<Completion> completions_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> listener_ ABSL_GUARDED_BY(mutex_);
  TeacherState announced_ ABSL_GUARDED_BY(mutex_) = TeacherState::kLost;

  Mutex join_mutex_;
  std::thread thread_ ABSL_GUARDED_BY(join_mutex_);
};

}  // namespace distill
