#include "student_trainer/commands/train_flags.h"

#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/command_line.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"
#include "common/zoo/registry.h"
#include "student_trainer/loss/objective.h"

namespace distill {
namespace {

using Settings = TrainSettings;

// Whether a flag is part of a run's identity, with its own value.
enum class OfRun { kIdentity, kFree };
constexpr OfRun kIdentity = OfRun::kIdentity, kFree = OfRun::kFree;

template <typename T>
T ValueOrThrow(absl::StatusOr<T> parsed, const std::string& option) {
  if (!parsed.ok()) throw CLI::ValidationError(option, std::string(parsed.status().message()));
  return *std::move(parsed);
}

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

// Returns a function from settings to one of their fields: At(&Settings::run, &RunOptions::seed).
template <typename... Members>
auto At(Members... members) {
  return [members...](auto& settings) -> auto& { return (settings.*....*members); };
}

std::string Dashed(const std::string& name) { return absl::StrCat("--", name); }

// A row; `add` returns the option of the command line.
template <typename Add>
TrainFlag Row(const std::string& name, Add add, ResolvedValue identity) {
  return {.name = name, .add = std::move(add), .identity = std::move(identity)};
}

// The identity of a field whose own value counts.
template <typename Field>
ResolvedValue OwnValue(Field field, OfRun of_run) {
  using Value = std::decay_t<decltype(field(std::declval<Settings&>()))>;
  if constexpr (!IsOptional<Value>::value) {  // one that may be unset is resolved
    if (of_run == kIdentity) {
      return
          [field](const Settings& settings, const ResolvedFor&) -> absl::StatusOr<nlohmann::json> {
            return field(settings);
          };
    }
  }
  return nullptr;
}

// A flag that sets a field, with the default that the field has.
template <typename Field>
TrainFlag Flag(const std::string& name, Field field, const std::string& help,
               ResolvedValue identity) {
  return Row(
      name,
      [=](CLI::App& app, Settings& settings) -> CLI::Option* {
        auto& value = field(settings);
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, bool> || std::is_same_v<Value, std::optional<bool>>) {
          return app.add_flag(Dashed(name), value, help);
        } else {
          CLI::Option* const option = app.add_option(Dashed(name), value, help);
          if constexpr (std::is_unsigned_v<Value>) option->check(CheckNotNegative);
          if constexpr (std::is_same_v<Value, std::vector<double>>) {
            // Torch brings an operator<< for vectors, which CLI11 would use.
            option->default_str(absl::StrCat("[", absl::StrJoin(value, ","), "]"));
          } else if constexpr (std::is_same_v<Value, std::string>) {
            if (!value.empty()) option->capture_default_str();
          } else if constexpr (!IsOptional<Value>::value) {
            option->capture_default_str();
          }
          return option;
        }
      },
      std::move(identity));
}

template <typename Field>
TrainFlag Flag(const std::string& name, Field field, const std::string& help, OfRun of_run) {
  return Flag(name, field, help, OwnValue(field, of_run));
}

// A flag of an enumeration, by the names of its values.
template <typename Field, typename Parse>
TrainFlag Named(const std::string& name, Field field, Parse parse, const std::string& help,
                ResolvedValue identity) {
  return Row(
      name,
      [=](CLI::App& app, Settings& settings) -> CLI::Option* {
        auto& value = field(settings);
        return app
            .add_option_function<std::string>(
                Dashed(name),
                [&value, parse, name](const std::string& text) {
                  value = ValueOrThrow(parse(text), Dashed(name));
                },
                help)
            ->default_str(std::string(Name(value)));
      },
      std::move(identity));
}

template <typename Field>
ResolvedValue OwnName(Field field) {
  return [field](const Settings& settings, const ResolvedFor&) -> absl::StatusOr<nlohmann::json> {
    return std::string(Name(field(settings)));
  };
}

// "0" is what earlier versions wrote for an option that was left out.
template <typename Field>
TrainFlag Size(const std::string& name, Field field, const std::string& help) {
  return Row(
      name,
      [=](CLI::App& app, Settings& settings) -> CLI::Option* {
        std::optional<ImageSize>& size = field(settings);
        return app.add_option_function<std::string>(
            Dashed(name),
            [&size, name](const std::string& text) {
              size.reset();
              if (text != "0") size = ValueOrThrow(ParseImageSize(text), Dashed(name));
            },
            help);
      },
      nullptr);
}

TrainFlag Required(TrainFlag flag) {
  flag.add = [add = std::move(flag.add)](CLI::App& app, Settings& settings) {
    CLI::Option* const option = add(app, settings);
    option->required();
    return option;
  };
  return flag;
}

// `other`: a flag before it.
TrainFlag Excluding(const std::string& other, TrainFlag flag) {
  flag.add = [add = std::move(flag.add), other](CLI::App& app, Settings& settings) {
    CLI::Option* const option = add(app, settings);
    option->excludes(Dashed(other));
    return option;
  };
  return flag;
}

// ------------------------------------------------------------------------- values of the identity

// A value that decides something only in some runs.
ResolvedValue Where(bool (*used)(const Settings&),
                    std::function<nlohmann::json(const Settings&)> value) {
  return [used, value = std::move(value)](const Settings& settings,
                                          const ResolvedFor&) -> absl::StatusOr<nlohmann::json> {
    return used(settings) ? value(settings) : nlohmann::json();
  };
}

bool Distills(const Settings& settings) { return settings.Distills(); }
bool UsesTemperature(const Settings& settings) {
  return settings.Distills() && settings.loss.HasTemperature();
}
bool UsesK(const Settings& settings) {
  return settings.Distills() && HasK(settings.teacher.encoding);
}
bool UsesDraws(const Settings& settings) {
  return settings.Distills() && HasDraws(settings.teacher.encoding);
}
bool HasSteps(const Settings& settings) { return settings.step.schedule == ScheduleKind::kStep; }
bool IsSgd(const Settings& settings) { return settings.step.optimizer.kind == OptimizerKind::kSgd; }

// A field of the views that are made, whether a preset or a flag has set it.
template <typename T>
ResolvedValue OfViews(T ViewOptions::*field) {
  return [field](const Settings& settings,
                 const ResolvedFor& resolved) -> absl::StatusOr<nlohmann::json> {
    ASSIGN_OR_RETURN(const ViewOptions views, settings.views.Resolve(resolved.shape));
    return views.*field;
  };
}

absl::StatusOr<nlohmann::json> BatchSize(const Settings& settings, const ResolvedFor& resolved) {
  return settings.run.ResolvedBatchSize(resolved.samples);
}

absl::StatusOr<nlohmann::json> LearningRateOf(const Settings& settings, const ResolvedFor&) {
  return settings.step.ResolvedLr();
}

absl::StatusOr<nlohmann::json> ParametersOfObjective(const Settings& settings, const ResolvedFor&) {
  if (!settings.Distills()) return nlohmann::json();
  ASSIGN_OR_RETURN(const Objective objective, settings.loss.ResolvedObjective());
  return objective.parameters;
}

// --------------------------------------------------------------------------------------- the rows

// "(default 12, of head_sampled 6)"
std::string UsualCounts() {
  return absl::StrCat("default ", UsualCount(TargetEncoding::kTopK), ", of head_sampled ",
                      UsualCount(TargetEncoding::kHeadSampled));
}

std::vector<TrainFlag> DataFlags() {
  const auto data = &Settings::data;
  using O = TrainingDataOptions;
  return {
      Required(
          Flag("train", At(data, &O::train),
               "Training data: a folder of images (CLASS/x.jpg), or the files of IDX, CIFAR or "
               "safetensors (inputs, labels), or a folder with such files",
               kFree)),
      Flag("unlabelled", At(data, &O::unlabelled),
           "More data to ask the teacher about, without labels", kFree),
      Flag("val", At(data, &O::val), "Validation data; default: a part of --train", kFree),
      Flag("test", At(data, &O::test),
           "Test data, read once, at the end; a folder stands for its t10k files", kFree),
      Flag("class_names", At(data, &O::class_names),
           "File with one class name per line, in the order of the labels; of folders, this sets "
           "their order, which is that of their names as text by default",
           kFree),
      Flag("val_fraction", At(data, &O::split, &SplitOptions::val_fraction),
           absl::StrCat("Part of the labelled data held out to choose the best epoch (default ",
                        kDefaultValFraction, ")"),
           kFree),
      Excluding("val_fraction", Flag("val_count", At(data, &O::split, &SplitOptions::val_count),
                                     "The same as a number of samples", kFree)),
      Flag("label_fraction", At(data, &O::split, &SplitOptions::label_fraction),
           "Part of the remaining labels to keep; the other samples are unlabelled", kFree),
      Excluding("label_fraction",
                Flag("label_count", At(data, &O::split, &SplitOptions::label_count),
                     "The same as a number of samples", kFree)),
      Flag("split_seed", At(data, &O::split, &SplitOptions::split_seed), "Seed of both draws",
           kIdentity),
      Size("image_size", At(data, &O::image_size),
           "Height and width of images, as 224, or 24x32 (height x width); default, for folders: "
           "what the teacher or a --student directory takes, else those of the first image"),
      Flag("image_channels", At(data, &O::image_channels),
           "Of images: 3, or 1 (grey); default, for folders: likewise, else 3", kFree),
      Flag("max_pixels", At(data, &O::max_pixels), "Larger image files count as broken", kFree),
      Flag("max_corrupt", At(data, &O::max_corrupt),
           "Files of each data set that may be skipped because they are broken", kFree),
      Flag("loader_threads", At(&Settings::loader_threads), "Threads that read and augment ahead",
           kFree),
  };
}

std::vector<TrainFlag> ViewFlags() {
  const auto over = [](auto member) {
    return At(&Settings::views, &ViewChoice::overrides, member);
  };
  using O = ViewOverrides;
  using V = ViewOptions;
  return {
      // The flags below have what it stands for.
      Flag("views", At(&Settings::views, &ViewChoice::preset),
           "Augmentation: none, light (pad, flip), standard (random crop, flip, colour), "
           "strong (standard, RandAugment, Mixup or CutMix); the options below change it",
           kFree),
      Flag("crop_scale", over(&O::crop_scale),
           "Random resized crop: of at least this part of the area; 0: none",
           OfViews(&V::crop_scale)),
      Flag("pad", over(&O::pad), "Shift by up to this many pixels", OfViews(&V::pad)),
      Flag("flip", over(&O::flip), "Mirror left-right, half of the time (--flip=false: never)",
           OfViews(&V::flip)),
      Flag("rand_augment_ops", over(&O::rand_augment_ops), "Operations of RandAugment an image",
           OfViews(&V::rand_augment_ops)),
      Flag("rand_augment_magnitude", over(&O::rand_augment_magnitude), "Theirs, 0 to 30",
           OfViews(&V::rand_augment_magnitude)),
      Flag("brightness", over(&O::brightness), "Colour jitter: change by up to this factor",
           OfViews(&V::brightness)),
      Flag("contrast", over(&O::contrast), "", OfViews(&V::contrast)),
      Flag("saturation", over(&O::saturation), "", OfViews(&V::saturation)),
      Flag("hue", over(&O::hue), "Up to 0.5, half of the colour wheel", OfViews(&V::hue)),
      Flag("mixup", over(&O::mixup), "Blend samples, by weights from Beta(x, x); 0: do not",
           OfViews(&V::mixup)),
      Flag("cutmix", over(&O::cutmix), "Exchange boxes, by areas from Beta(x, x); 0: do not",
           OfViews(&V::cutmix)),
  };
}

std::vector<TrainFlag> StudentFlags() {
  const auto student = &Settings::student;
  using O = StudentOptions;
  return {
      Required(Flag("student", At(student, &O::student),
                    "The model to train: a model directory to start from, or a name of the zoo: " +
                        absl::StrJoin(StudentNames(), ", "),
                    kFree)),
      Flag("student_arguments", At(student, &O::arguments),
           "JSON object with arguments of the architecture, over the name's own", kFree),
      Flag("init_from", At(student, &O::init_from),
           "Model directory or safetensors file whose tensors of the same name and shape the "
           "student begins with",
           kFree),
      Size("student_resolution", At(student, &O::resolution),
           "Height and width that the student sees, downsampled from the teacher's view "
           "(default: the same)"),
  };
}

std::vector<TrainFlag> StepFlags() {
  const auto run = &Settings::run;
  const auto step = &Settings::step;
  using O = StepOptions;
  return {
      Required(Flag("run_dir", At(run, &RunOptions::run_dir),
                    "Folder for the run; new or empty, except with --resume", kFree)),
      Flag("epochs", At(run, &RunOptions::epochs), "", kIdentity),
      Flag("batch_size", At(run, &RunOptions::batch_size),
           absl::StrCat("Samples per batch (default ", kUsualBatchSize,
                        ", fewer where an epoch would have under ", kUsualStepsPerEpoch, " steps)"),
           BatchSize),
      Named("optimizer", At(step, &O::optimizer, &OptimizerOptions::kind), ParseOptimizerKind,
            "sgd or adamw", OwnName(At(step, &O::optimizer, &OptimizerOptions::kind))),
      Flag("lr", At(step, &O::lr),
           absl::StrCat("Peak learning rate, after the warm-up (default ",
                        UsualLearningRate(OptimizerKind::kSgd), "; of adamw ",
                        UsualLearningRate(OptimizerKind::kAdamW), ")"),
           LearningRateOf),
      Named("schedule", At(step, &O::schedule), ParseScheduleKind,
            "Of the learning rate: cosine, linear, step or constant",
            OwnName(At(step, &O::schedule))),
      Flag("final_fraction", At(step, &O::final_fraction),
           "Of --lr, at the end of cosine and linear", kIdentity),
      Flag("decay_at", At(step, &O::decay_at),
           "Parts of the run after which step multiplies by --gamma",
           Where(HasSteps, [](const Settings& s) { return s.step.decay_at; })),
      Flag("gamma", At(step, &O::gamma), "",
           Where(HasSteps, [](const Settings& s) { return s.step.gamma; })),
      Flag("momentum", At(step, &O::optimizer, &OptimizerOptions::momentum), "Nesterov's, of sgd",
           Where(IsSgd, [](const Settings& s) { return s.step.optimizer.momentum; })),
      Flag("weight_decay", At(step, &O::optimizer, &OptimizerOptions::weight_decay),
           "Not on norms and biases", kIdentity),
      Flag("warmup_epochs", At(step, &O::warmup_epochs), "", kIdentity),
      Flag("clip_norm", At(step, &O::clip_norm),
           "Norm that gradients are clipped to; 0: they are not", kIdentity),
      Flag("max_norm", At(step, &O::max_norm),
           "Bound of the norm of the weights into each unit, beside dropout; 0: none", kIdentity),
      Flag("accumulate", At(step, &O::accumulate), "Batches per step of the optimizer", kIdentity),
      Flag("ema_decay", At(step, &O::ema_decay),
           "Of the average of the weights that is validated and kept; 0: none", kIdentity),
      Flag("label_smoothing", At(&Settings::loss, &DistillationChoice::label_smoothing),
           "Of hard labels", kIdentity),
      Named("autocast", At(step, &O::autocast), ParseAutocast,
            "off or bf16, which few CPUs are fast at", OwnName(At(step, &O::autocast))),
  };
}

std::vector<TrainFlag> RunFlags() {
  const auto run = &Settings::run;
  using O = RunOptions;
  return {
      Flag("device", At(run, &O::device), "cpu, cuda, cuda:N or auto", kFree),
      Flag("validate_every", At(run, &O::validate_every), "Epochs between validations", kIdentity),
      Flag("seed", At(run, &O::seed), "Of initial weights, order and views", kIdentity),
      Flag("threads", At(run, &O::threads), "CPU threads; 0: one per core", kFree),
      Flag("deterministic", At(run, &O::deterministic),
           "Answers that do not depend on other requests: a resumed run then ends with the same "
           "bits as one that was never interrupted",
           kIdentity),
      Flag("resume", At(run, &O::resume),
           "Resume the run in --run_dir, or start it where there is none", kFree),
      Flag("resume_anyway", At(run, &O::resume_anyway),
           "Resume, even if data, student, teacher or options have changed", kFree),
      Flag("checkpoint_every", At(run, &O::checkpoint_every),
           "Batches between checkpoints, beside those at the ends of epochs; 0: none", kFree),
      Flag("keep_checkpoints", At(run, &O::keep_checkpoints), "How many of the last stay", kFree),
  };
}

// A flag about a teacher's address.
struct AccessFlag {
  std::string name;
  std::function<CLI::Option*(CLI::App&, TeacherAccess&)> add;
};

template <typename... Members>
AccessFlag Access(const std::string& name, const std::string& help, Members... members) {
  return {name, [=](CLI::App& app, TeacherAccess& access) -> CLI::Option* {
            auto& value = At(members...)(access);
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, bool>) {
              return app.add_flag(Dashed(name), value, help);
            } else {
              return app.add_option(Dashed(name), value, help);
            }
          }};
}

std::vector<AccessFlag> AccessFlags(const std::string& teacher_help) {
  const auto security = &TeacherAccess::security;
  AccessFlag teacher = Access("teacher", teacher_help, &TeacherAccess::addresses);
  teacher.add = [add = std::move(teacher.add)](CLI::App& app, TeacherAccess& access) {
    return add(app, access)->allow_extra_args(false);
  };
  const AccessFlag timeout = {
      "connect_timeout", [](CLI::App& app, TeacherAccess& access) {
        return AddParsed(app, "--connect_timeout", access.connect_timeout, ParseDuration,
                         absl::FormatDuration(access.connect_timeout), "For the first connection");
      }};
  return {
      teacher,
      Access("tls", "Encrypt, and verify the server's certificate; implied by each --tls_ option",
             security, &ClientSecurity::tls),
      Access("tls_ca",
             "PEM file of the authority that signed it; default: the system's authorities",
             security, &ClientSecurity::ca),
      Access("tls_cert", "PEM file of the certificate shown to a server that asks for one",
             security, &ClientSecurity::certificate),
      Access("tls_key", "PEM file of its key", security, &ClientSecurity::key),
      Access("tls_server_name",
             "Name that the server's certificate has; default: the host of --teacher", security,
             &ClientSecurity::server_name),
      Access("token_file",
             "File with the bearer token for the server; read again for each connection", security,
             &ClientSecurity::token_file),
      Access("teacher_model", "Name of the model there; default: its only one",
             &TeacherAccess::model),
      Access("teacher_classes",
             "Of a teacher with more classes than the data: by_name, or the index of the "
             "teacher's class for each of the data's, as 1,2,3; default: it has the same",
             &TeacherAccess::classes),
      timeout,
  };
}

std::vector<TrainFlag> TeacherAccessFlags() {
  std::vector<TrainFlag> flags;
  for (AccessFlag& access :
       AccessFlags("Address of a teacher_server: host:port or unix:/path; more than one: give it "
                   "again, or a host name with several addresses; without it, hard labels alone")) {
    TrainFlag& flag = flags.emplace_back();
    flag.name = access.name;
    flag.add = [add = std::move(access.add)](CLI::App& app, Settings& settings) {
      return add(app, settings.teacher.access);
    };
    if (flag.name != "teacher_classes") continue;
    flag.identity = Where(Distills, [](const Settings& s) {
      return absl::StrReplaceAll(s.teacher.access.classes, {{" ", ""}});
    });
  }
  return flags;
}

std::vector<TrainFlag> TeacherFlags() {
  const auto loss = &Settings::loss;
  const auto teacher = &Settings::teacher;
  using L = DistillationChoice;
  using O = TeacherOptions;
  return {
      Flag("alpha", At(loss, &L::alpha),
           absl::StrCat("Weight of the distillation loss, 0 to 1 (default ", kUsualAlpha,
                        "; 0 without --teacher)"),
           Where(Distills, [](const Settings& s) { return s.alpha(); })),
      Flag("final_alpha", At(loss, &L::final_alpha),
           "Where it arrives, in a straight line over the run",
           Where(Distills,
                 [](const Settings& s) { return s.loss.final_alpha.value_or(s.alpha()); })),
      Flag("temperature", At(loss, &L::temperature),
           absl::StrCat("Softens both distributions (default: the objective's usual one, of kd ",
                        L().ResolvedTemperature(), ")"),
           Where(UsesTemperature, [](const Settings& s) { return s.loss.ResolvedTemperature(); })),
      Flag("final_temperature", At(loss, &L::final_temperature), "The same of the temperature",
           Where(UsesTemperature,
                 [](const Settings& s) {
                   return s.loss.final_temperature.value_or(s.loss.ResolvedTemperature());
                 })),
      Named(
          "encoding", At(teacher, &O::encoding), ParseTargetEncoding,
          "How soft targets travel: f32, f16 or bf16 (every logit), top_k (the k most likely and "
          "the tail's mass), sampled (draws of the distribution), head_sampled (k and draws of "
          "the tail)",
          Where(Distills, [](const Settings& s) { return std::string(Name(s.teacher.encoding)); })),
      Flag("k", At(teacher, &O::k),
           absl::StrCat("Classes that top_k and head_sampled keep exactly (", UsualCounts(), ")"),
           Where(UsesK, [](const Settings& s) { return s.teacher.ResolvedTargets(0).k; })),
      Flag("draws", At(teacher, &O::draws),
           absl::StrCat("Draws per row of sampled and head_sampled (", UsualCounts(), ")"),
           Where(UsesDraws, [](const Settings& s) { return s.teacher.ResolvedTargets(0).draws; })),
      Flag("objective", At(loss, &L::objective),
           "The distillation loss, with its parameters: " + DescribeObjectives(),
           Where(Distills, [](const Settings& s) { return s.loss.objective; })),
      Flag("objective_parameters", At(loss, &L::objective_parameters),
           "Other values of them, as beta=8,alpha=1", ParametersOfObjective),
      Flag("standardize_logits", At(loss, &L::standardize_logits),
           "Bring each row of logits to mean 0 and deviation 1, for any objective",
           Where(Distills, [](const Settings& s) { return s.loss.standardize_logits; })),
      Named("on_teacher_loss", At(teacher, &O::on_loss), ParseTeacherLossPolicy,
            "While the teacher cannot be reached: wait, hard_labels or fail", nullptr),
      Flag("allow_misaligned_teacher", At(teacher, &O::allow_misaligned),
           "Train even if the teacher's answers do not fit the labels", kFree),
  };
}

std::vector<TrainFlag> AllFlags() {
  std::vector<TrainFlag> all;
  for (std::vector<TrainFlag>& part :
       std::vector{DataFlags(), ViewFlags(), StudentFlags(), StepFlags(), RunFlags(),
                   TeacherAccessFlags(), TeacherFlags()}) {
    std::move(part.begin(), part.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

const std::vector<TrainFlag>& TrainFlags() {
  static const auto* const kFlags = new std::vector<TrainFlag>(AllFlags());
  return *kFlags;
}

void AddTrainFlags(CLI::App& app, TrainSettings& settings) {
  for (const TrainFlag& flag : TrainFlags()) flag.add(app, settings);
}

void AddTeacherAccess(CLI::App& app, TeacherAccess& access, const std::string& teacher_help) {
  for (const AccessFlag& flag : AccessFlags(teacher_help)) flag.add(app, access);
}

absl::StatusOr<nlohmann::json> DecidingOptions(const TrainSettings& settings,
                                               const ResolvedFor& resolved) {
  nlohmann::json json = nlohmann::json::object();
  for (const TrainFlag& flag : TrainFlags()) {
    if (flag.identity == nullptr) continue;
    ASSIGN_OR_RETURN(nlohmann::json value, flag.identity(settings, resolved));
    if (!value.is_null()) json[flag.name] = std::move(value);
  }
  return json;
}

}  // namespace distill
