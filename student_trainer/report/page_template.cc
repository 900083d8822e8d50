#include "student_trainer/report/page_template.h"

namespace distill {

absl::string_view PageTemplate() {
  return
#include "student_trainer/report/page_html.inc"  // what the build makes of page/
      ;
}

}  // namespace distill
