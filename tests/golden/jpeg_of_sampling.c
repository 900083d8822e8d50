/* Writes an RGB image as JPEG with any sampling factors, which Pillow cannot:
     jpeg_of_sampling WIDTH HEIGHT "4x2,1x1,1x1" [progressive|arithmetic|restart|rgb]... < rgb > jpeg
   pictures.py compiles it: gcc jpeg_of_sampling.c -ljpeg */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_stdio_dest(&jpeg, stdout);
  jpeg.image_width = atoi(argv[1]);
  jpeg.image_height = atoi(argv[2]);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 90, TRUE);
  for (int i = 4; i < argc; ++i) {
    if (strcmp(argv[i], "rgb") == 0) jpeg_set_colorspace(&jpeg, JCS_RGB);
    if (strcmp(argv[i], "progressive") == 0) jpeg_simple_progression(&jpeg);
    if (strcmp(argv[i], "arithmetic") == 0) jpeg.arith_code = TRUE;
    if (strcmp(argv[i], "restart") == 0) jpeg.restart_in_rows = 1;
  }
  int factors[6];
  if (sscanf(argv[3], "%dx%d,%dx%d,%dx%d", factors, factors + 1, factors + 2, factors + 3,
             factors + 4, factors + 5) != 6) {
    return 2;
  }
  for (int i = 0; i < 3; ++i) {
    jpeg.comp_info[i].h_samp_factor = factors[2 * i];
    jpeg.comp_info[i].v_samp_factor = factors[2 * i + 1];
  }
  jpeg_start_compress(&jpeg, TRUE);
  const size_t row_bytes = 3 * (size_t)jpeg.image_width;
  JSAMPROW row = malloc(row_bytes);
  while (jpeg.next_scanline < jpeg.image_height) {
    if (fread(row, 1, row_bytes, stdin) != row_bytes) return 1;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  return 0;
}
