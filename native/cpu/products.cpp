#include "opsig/products.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "gemm.h"
#include "onednn.h"
#include "operation.h"
#include "parallel.h"
#include "primitive_cache.h"

namespace {

using namespace opsig;

template <class T>
void fill_with_bias(T* c, int64_t rows, int64_t columns, int64_t leading, const T* bias, bool accumulate) {
#pragma omp parallel for if (rows * columns > kParallelElements)
  for (int64_t i = 0; i < rows; ++i) {
    T* row = c + i * leading;
    if (accumulate)
      for (int64_t j = 0; j < columns; ++j) row[j] += bias[j];
    else
      std::copy(bias, bias + columns, row);
  }
}

// oneDNN has another kernel, with other last bits, for products of fewer rows.
constexpr int64_t kFewestStackedRows = 16;

// Vectors whose rows of op(A) and C follow each other and share B and the bias are one taller product, unless that would give
// other bits than one vector at a time.
bool stacks(const opsig_product_arguments& p) {
  if (p.vectors == 1 || p.rows < kFewestStackedRows || p.c_vector_stride != p.rows * p.c_leading) return false;
  if (p.bias != nullptr && p.bias_vector_stride != 0) return false;
  for (int t = 0; t < p.terms; ++t)
    if (p.a[t].transposed || p.a[t].vector_stride != p.rows * p.a[t].leading || p.b[t].vector_stride != 0) return false;
  return true;
}

template <class T>
void product(opsig_product_arguments p) {
  if (stacks(p)) {
    p.rows *= p.vectors;
    p.vectors = 1;
  }
  for (int64_t j = 0; j < p.vectors; ++j) {
    T* c = static_cast<T*>(p.c) + j * p.c_vector_stride;
    bool add = p.accumulate != 0;
    if (p.bias != nullptr) {
      fill_with_bias(c, p.rows, p.columns, p.c_leading, static_cast<const T*>(p.bias) + j * p.bias_vector_stride, add);
      add = true;
    }
    for (int t = 0; t < p.terms; ++t) {
      const opsig_operand &a = p.a[t], &b = p.b[t];
      gemm(a.transposed != 0, b.transposed != 0, p.rows, p.columns, p.depth,
           static_cast<const T*>(a.data) + j * a.vector_stride, a.leading,
           static_cast<const T*>(b.data) + j * b.vector_stride, b.leading, add ? T(1) : T(0), c, p.c_leading);
      add = true;
    }
  }
}

// The layout of B in C [m, n] = A [m, k] B [k, n] that oneDNN likes best. It is found once: a matrix that was packed must be
// read in the same layout, even after the number of threads, on which oneDNN's choice may depend, has changed.
dnnl::memory::desc packed_layout(int64_t m, int64_t n, int64_t k) {
  using namespace dnnl;
  using tag = memory::format_tag;
  static std::mutex mutex;
  static std::map<std::tuple<int64_t, int64_t, int64_t>, memory::desc> known;
  const std::lock_guard<std::mutex> lock(mutex);
  memory::desc& layout = known[{m, n, k}];
  if (layout.is_zero()) {
    const auto f32 = memory::data_type::f32;
    const memory::desc a({m, k}, f32, tag::ab), b({k, n}, f32, tag::any), c({m, n}, f32, tag::ab);
    layout = matmul::primitive_desc(matmul::desc(a, b, c), shareable(), onednn_engine()).weights_desc();
  }
  return layout;
}

// C [m, n] = [C +] A [m, k] B [k, n] with B packed.
struct PackedProduct {
  dnnl::matmul::primitive_desc overwrite_desc, add_desc;
  dnnl::matmul overwrite, add;

  PackedProduct(int64_t m, int64_t n, int64_t k) {
    using namespace dnnl;
    using tag = memory::format_tag;
    const auto f32 = memory::data_type::f32;
    const matmul::desc product({{m, k}, f32, tag::ab}, packed_layout(m, n, k), {{m, n}, f32, tag::ab});
    overwrite_desc = matmul::primitive_desc(product, shareable(), onednn_engine());
    overwrite = matmul(overwrite_desc);
    add_desc = matmul::primitive_desc(product, shareable_sum(), onednn_engine());
    add = matmul(add_desc);
  }

  void run(bool accumulate, const float* a, const void* b, float* c) const {
    using namespace dnnl;
    const memory am(overwrite_desc.src_desc(), onednn_engine(), const_cast<float*>(a));
    const memory bm(overwrite_desc.weights_desc(), onednn_engine(), const_cast<void*>(b));
    const memory cm(overwrite_desc.dst_desc(), onednn_engine(), c);
    run_primitive(accumulate ? add : overwrite, (accumulate ? add_desc : overwrite_desc).scratchpad_desc(),
                  {{DNNL_ARG_SRC, am}, {DNNL_ARG_WEIGHTS, bm}, {DNNL_ARG_DST, cm}});
  }
};

std::shared_ptr<const PackedProduct> packed_product(int64_t m, int64_t n, int64_t k) {
  static PrimitiveCache<std::tuple<int64_t, int64_t, int64_t>, PackedProduct> products;
  return products.find({m, n, k}, [&] { return std::make_shared<const PackedProduct>(m, n, k); });
}

// to[c, r] = from[r, c], tile by tile so that both sides stay in L1.
void transpose(const float* from, int64_t rows, int64_t columns, float* to) {
  constexpr int64_t kTile = 32;
#pragma omp parallel for if (rows * columns > kParallelElements)
  for (int64_t r0 = 0; r0 < rows; r0 += kTile)
    for (int64_t c0 = 0; c0 < columns; c0 += kTile)
      for (int64_t c = c0; c < std::min(c0 + kTile, columns); ++c)
        for (int64_t r = r0; r < std::min(r0 + kTile, rows); ++r) to[c * rows + r] = from[r * columns + c];
}

// to[r, c] = [accumulate] to[r, c] + from[c, r] + bias[c]
void transpose_into(const float* from, int64_t rows, int64_t columns, const float* bias, bool accumulate, float* to) {
  constexpr int64_t kTile = 32;
#pragma omp parallel for if (rows * columns > kParallelElements)
  for (int64_t r0 = 0; r0 < rows; r0 += kTile)
    for (int64_t c0 = 0; c0 < columns; c0 += kTile) {
      const int64_t c1 = std::min(c0 + kTile, columns);
      for (int64_t r = r0; r < std::min(r0 + kTile, rows); ++r)
        for (int64_t c = c0; c < c1; ++c) {
          const float value = from[c * rows + r] + (bias ? bias[c] : 0.0f);
          to[r * columns + c] = accumulate ? to[r * columns + c] + value : value;
        }
    }
}

// Scratch that grows to the largest request and is kept by its thread.
float* scratch(int64_t elements) {
  thread_local std::vector<float> kept;
  if (static_cast<int64_t>(kept.size()) < elements) kept.resize(static_cast<size_t>(elements));
  return kept.data();
}

void require_float32(int32_t precision) { require(precision == OPSIG_FLOAT32, "packed products are float32 only"); }

}  // namespace

OPSIG_OPERATION(product, opsig_product_arguments) {
  require(arguments.terms >= 1 && arguments.terms <= 2, "a product has one or two terms");
  with_precision(arguments.precision, [&](auto zero) { product<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(packed_size, opsig_packed_size_arguments) {
  *arguments.by_rows_bytes = *arguments.by_columns_bytes = 0;
  if (arguments.precision != OPSIG_FLOAT32) return;
  const auto bytes = [&](int64_t n, int64_t k) {
    return static_cast<int64_t>(packed_layout(arguments.outputs, n, k).get_size());
  };
  *arguments.by_rows_bytes = bytes(arguments.rows, arguments.columns);
  *arguments.by_columns_bytes = bytes(arguments.columns, arguments.rows);
}

OPSIG_OPERATION(pack, opsig_pack_arguments) {
  require_float32(arguments.precision);
  using namespace dnnl;
  using tag = memory::format_tag;
  const auto reorder_to = [&](int64_t k, int64_t n, tag order, void* to) {
    memory from({{k, n}, memory::data_type::f32, order}, onednn_engine(), const_cast<void*>(arguments.matrix));
    memory packed(packed_layout(arguments.outputs, n, k), onednn_engine(), to);
    reorder(from, packed).execute(onednn_stream(), from, packed);
    onednn_stream().wait();
  };
  reorder_to(arguments.columns, arguments.rows, tag::ba, arguments.by_rows);
  reorder_to(arguments.rows, arguments.columns, tag::ab, arguments.by_columns);
}

OPSIG_OPERATION(packed_forward, opsig_packed_forward_arguments) {
  require_float32(arguments.precision);
  const auto& a = arguments;
  const std::shared_ptr<const PackedProduct> product = packed_product(a.outputs, a.rows, a.columns);
  float* transposed = scratch(a.outputs * a.rows);
  for (int64_t j = 0; j < a.vectors; ++j) {
    product->run(false, static_cast<const float*>(a.weights) + j * a.weights_vector_stride, a.packed, transposed);
    const float* bias = a.bias ? static_cast<const float*>(a.bias) + j * a.bias_vector_stride : nullptr;
    transpose_into(transposed, a.rows, a.outputs, bias, a.accumulate != 0,
                   static_cast<float*>(a.y) + j * a.y_vector_stride);
  }
}

OPSIG_OPERATION(packed_gradient, opsig_packed_gradient_arguments) {
  require_float32(arguments.precision);
  const auto& a = arguments;
  const std::shared_ptr<const PackedProduct> product = packed_product(a.outputs, a.columns, a.rows);
  float* transposed = scratch(a.outputs * a.rows);
  for (int64_t j = 0; j < a.vectors; ++j) {
    transpose(static_cast<const float*>(a.cotangent) + j * a.cotangent_vector_stride, a.rows, a.outputs, transposed);
    product->run(true, transposed, a.packed, static_cast<float*>(a.gradient) + j * a.gradient_vector_stride);
  }
}
