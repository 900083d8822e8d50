#include "student_trainer/train_flags.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/command_line.h"
#include "common/base/units.h"
#include "student_trainer/views/image_size.h"

namespace distill {
namespace {

template <typename T>
T ValueOrThrow(absl::StatusOr<T> parsed, const std::string& option) {
  if (!parsed.ok()) throw CLI::ValidationError(option, std::string(parsed.status().message()));
  return *std::move(parsed);
}

// "0" is what earlier versions wrote for an option that was left out.
void AddImageSize(CLI::App& app, const std::string& name, std::optional<ImageSize>& size,
                  const std::string& help) {
  app.add_option_function<std::string>(
      name,
      [&size, name](const std::string& text) {
        size.reset();
        if (text != "0") size = ValueOrThrow(ParseImageSize(text), name);
      },
      help);
}

void AddData(CLI::App& app, TrainOptions& o) {
  app.add_option("--train", o.train,
                 "Training data: a folder of images (CLASS/x.jpg), or the files of IDX, CIFAR or "
                 "safetensors (inputs, labels), or a folder with such files")
      ->required();
  app.add_option("--unlabelled", o.unlabelled,
                 "More data to ask the teacher about, without labels");
  app.add_option("--val", o.val, "Validation data; default: a part of --train");
  app.add_option("--test", o.test,
                 "Test data, read once, at the end; a folder stands for its t10k files");
  app.add_option(
      "--class_names", o.class_names,
      "File with one class name per line, in the order of the labels; of folders, this sets "
      "their order, which is that of their names as text by default");
  app.add_option("--val_fraction", o.split.val_fraction,
                 "Part of the labelled data held out to choose the best epoch (default 0.1)");
  app.add_option("--val_count", o.split.val_count, "The same as a number of samples")
      ->excludes("--val_fraction");
  app.add_option("--label_fraction", o.split.label_fraction,
                 "Part of the remaining labels to keep; the other samples are unlabelled");
  app.add_option("--label_count", o.split.label_count, "The same as a number of samples")
      ->excludes("--label_fraction");
  app.add_option("--split_seed", o.split.split_seed, "Seed of both draws")
      ->capture_default_str()
      ->check(CheckNotNegative);
  AddImageSize(
      app, "--image_size", o.image_size,
      "Height and width of images, as 224, or 24x32 (height x width); default, for folders: "
      "what the teacher or a --student directory takes, else those of the first image");
  app.add_option("--image_channels", o.image_channels,
                 "Of images: 3, or 1 (grey); default, for folders: likewise, else 3");
  app.add_option("--max_pixels", o.max_pixels, "Larger image files count as broken")
      ->capture_default_str();
  app.add_option("--max_corrupt", o.max_corrupt,
                 "Files of each data set that may be skipped because they are broken")
      ->capture_default_str();
  app.add_option("--loader_threads", o.loader_threads, "Threads that read and augment ahead")
      ->capture_default_str();
}

void AddViews(CLI::App& app, TrainOptions& o) {
  ViewOverrides& views = o.view_overrides;
  app.add_option("--views", o.views,
                 "Augmentation: none, light (pad, flip), standard (random crop, flip, colour), "
                 "strong (standard, RandAugment, Mixup or CutMix); the options below change it")
      ->capture_default_str();
  app.add_option("--crop_scale", views.crop_scale,
                 "Random resized crop: of at least this part of the area; 0: none");
  app.add_option("--pad", views.pad, "Shift by up to this many pixels");
  app.add_flag("--flip", views.flip, "Mirror left-right, half of the time (--flip=false: never)");
  app.add_option("--rand_augment_ops", views.rand_augment_ops,
                 "Operations of RandAugment an image");
  app.add_option("--rand_augment_magnitude", views.rand_augment_magnitude, "Theirs, 0 to 30");
  app.add_option("--brightness", views.brightness, "Colour jitter: change by up to this factor");
  app.add_option("--contrast", views.contrast);
  app.add_option("--saturation", views.saturation);
  app.add_option("--hue", views.hue, "Up to 0.5, half of the colour wheel");
  app.add_option("--mixup", views.mixup, "Blend samples, by weights from Beta(x, x); 0: do not");
  app.add_option("--cutmix", views.cutmix, "Exchange boxes, by areas from Beta(x, x); 0: do not");
}

void AddTraining(CLI::App& app, TrainOptions& o) {
  app.add_option("--student", o.student,
                 "The model to train: a model directory to start from, or a name of the zoo: " +
                     StudentsHelp())
      ->required();
  app.add_option("--student_arguments", o.student_arguments,
                 "JSON object with arguments of the architecture, over the name's own");
  app.add_option(
      "--init_from", o.init_from,
      "Model directory or safetensors file whose tensors of the same name and shape the student "
      "begins with");
  AddImageSize(app, "--student_resolution", o.student_resolution,
               "Height and width that the student sees, downsampled from the teacher's view "
               "(default: the same)");
  app.add_option("--run_dir", o.run_dir, "Folder for the run; new or empty, except with --resume")
      ->required();
  app.add_option("--epochs", o.epochs)->capture_default_str();
  app.add_option("--batch_size", o.batch_size,
                 "Samples per batch (default 128, fewer where an epoch would have under 8 steps)");
  app.add_option("--optimizer", o.optimizer, "sgd or adamw")->capture_default_str();
  app.add_option("--lr", o.lr,
                 "Peak learning rate, after the warm-up (default 0.1; of adamw 0.001)");
  app.add_option("--schedule", o.schedule, "Of the learning rate: cosine, linear, step or constant")
      ->capture_default_str();
  app.add_option("--final_fraction", o.final_fraction, "Of --lr, at the end of cosine and linear")
      ->capture_default_str();
  app.add_option("--decay_at", o.decay_at,
                 "Parts of the run after which step multiplies by --gamma")
      ->capture_default_str();
  app.add_option("--gamma", o.gamma)->capture_default_str();
  app.add_option("--momentum", o.momentum, "Nesterov's, of sgd")->capture_default_str();
  app.add_option("--weight_decay", o.weight_decay, "Not on norms and biases")
      ->capture_default_str();
  app.add_option("--warmup_epochs", o.warmup_epochs)->capture_default_str();
  app.add_option("--clip_norm", o.clip_norm, "Norm that gradients are clipped to; 0: they are not")
      ->capture_default_str();
  app.add_option("--max_norm", o.max_norm,
                 "Bound of the norm of the weights into each unit, beside dropout; 0: none")
      ->capture_default_str();
  app.add_option("--accumulate", o.accumulate, "Batches per step of the optimizer")
      ->capture_default_str();
  app.add_option("--ema_decay", o.ema_decay,
                 "Of the average of the weights that is validated and kept; 0: none")
      ->capture_default_str();
  app.add_option("--label_smoothing", o.label_smoothing, "Of hard labels")->capture_default_str();
  app.add_option("--autocast", o.autocast, "off or bf16, which few CPUs are fast at")
      ->capture_default_str();
  app.add_option("--device", o.device, "cpu, cuda, cuda:N or auto")->capture_default_str();
  app.add_option("--validate_every", o.validate_every, "Epochs between validations")
      ->capture_default_str();
  app.add_option("--seed", o.seed, "Of initial weights, order and views")
      ->capture_default_str()
      ->check(CheckNotNegative);
  app.add_option("--threads", o.threads, "CPU threads; 0: one per core")->capture_default_str();
  app.add_flag(
      "--deterministic", o.deterministic,
      "Answers that do not depend on other requests: a resumed run then ends with the same "
      "bits as one that was never interrupted");
  app.add_flag("--resume", o.resume,
               "Resume the run in --run_dir, or start it where there is none");
  app.add_flag("--resume_anyway", o.resume_anyway,
               "Resume, even if data, student, teacher or options have changed");
  app.add_option("--checkpoint_every", o.checkpoint_every,
                 "Batches between checkpoints, beside those at the ends of epochs; 0: none")
      ->capture_default_str();
  app.add_option("--keep_checkpoints", o.keep_checkpoints, "How many of the last stay")
      ->capture_default_str();
}

void AddTeacher(CLI::App& app, TrainOptions& o) {
  AddTeacherAccess(app, o.teacher,
                   "Address of a teacher_server: host:port or unix:/path; more than one: give it "
                   "again, or a host name with several addresses; without it, hard labels alone");
  app.add_option("--alpha", o.alpha,
                 "Weight of the distillation loss, 0 to 1 (default 0.9; 0 without --teacher)");
  app.add_option("--final_alpha", o.final_alpha,
                 "Where it arrives, in a straight line over the run");
  app.add_option("--temperature", o.temperature,
                 "Softens both distributions (default: the objective's usual one, of kd 2)");
  app.add_option("--final_temperature", o.final_temperature, "The same of the temperature");
  app.add_option_function<std::string>(
         "--encoding",
         [&o](const std::string& name) {
           o.encoding = ValueOrThrow(ParseTargetEncoding(name), "--encoding");
         },
         "How soft targets travel: f32, f16 or bf16 (every logit), top_k (the k most likely and "
         "the tail's mass), sampled (draws of the distribution), head_sampled (k and draws of the "
         "tail)")
      ->default_str(std::string(Name(o.encoding)));
  app.add_option("--k", o.k, "Classes that top_k (12) and head_sampled (6) keep exactly");
  app.add_option("--draws", o.draws, "Draws per row of sampled (12) and head_sampled (6)");
  app.add_option("--objective", o.objective,
                 "The distillation loss, with its parameters: " + ObjectivesHelp())
      ->capture_default_str();
  app.add_option("--objective_parameters", o.objective_parameters,
                 "Other values of them, as beta=8,alpha=1");
  app.add_flag("--standardize_logits", o.standardize_logits,
               "Bring each row of logits to mean 0 and deviation 1, for any objective");
  app.add_option_function<std::string>(
         "--on_teacher_loss",
         [&o](const std::string& name) {
           o.on_teacher_loss = ValueOrThrow(ParseTeacherLossPolicy(name), "--on_teacher_loss");
         },
         "While the teacher cannot be reached: wait, hard_labels or fail")
      ->default_str(std::string(Name(o.on_teacher_loss)));
  app.add_flag("--allow_misaligned_teacher", o.allow_misaligned_teacher,
               "Train even if the teacher's answers do not fit the labels");
}

}  // namespace

void AddTeacherAccess(CLI::App& app, TeacherAccess& o, const std::string& teacher_help) {
  app.add_option("--teacher", o.addresses, teacher_help)->allow_extra_args(false);
  app.add_flag("--tls", o.security.tls,
               "Encrypt, and verify the server's certificate; implied by each --tls_ option");
  app.add_option("--tls_ca", o.security.ca,
                 "PEM file of the authority that signed it; default: the system's authorities");
  app.add_option("--tls_cert", o.security.certificate,
                 "PEM file of the certificate shown to a server that asks for one");
  app.add_option("--tls_key", o.security.key, "PEM file of its key");
  app.add_option("--tls_server_name", o.security.server_name,
                 "Name that the server's certificate has; default: the host of --teacher");
  app.add_option("--token_file", o.security.token_file,
                 "File with the bearer token for the server; read again for each connection");
  app.add_option("--teacher_model", o.model, "Name of the model there; default: its only one");
  app.add_option("--teacher_classes", o.classes,
                 "Of a teacher with more classes than the data: by_name, or the index of the "
                 "teacher's class for each of the data's, as 1,2,3; default: it has the same");
  app.add_option_function<std::string>(
         "--connect_timeout",
         [&o](const std::string& text) {
           o.connect_timeout = ValueOrThrow(ParseDuration(text), "--connect_timeout");
         },
         "For the first connection")
      ->default_str(absl::FormatDuration(o.connect_timeout));
}

void AddTrainOptions(CLI::App& app, TrainOptions& options) {
  AddData(app, options);
  AddViews(app, options);
  AddTraining(app, options);
  AddTeacher(app, options);
}

}  // namespace distill
