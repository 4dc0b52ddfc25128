#pragma once
// The scalar formulas, once, for the oracle and for device code. The vector kernels compute the same functions.
#include <cmath>

#ifdef __CUDACC__
#define LAB_HOST_DEVICE __host__ __device__
#else
#define LAB_HOST_DEVICE
#endif

namespace lab::scalar {

/// x sigma(x), written so that neither side overflows.
template <class Real>
LAB_HOST_DEVICE Real silu(Real x) {
  const Real e = std::exp(-std::fabs(x));
  return x >= Real(0) ? x / (Real(1) + e) : x * e / (Real(1) + e);
}

template <class Real>
LAB_HOST_DEVICE Real sigmoid(Real x) {
  const Real e = std::exp(-std::fabs(x));
  return x >= Real(0) ? 1 / (Real(1) + e) : e / (Real(1) + e);
}

/// log(1 + e^x) by log1p: accurate where e^x is far below the rounding unit of 1.
template <class Real>
LAB_HOST_DEVICE Real softplus(Real x) {
  return std::fmax(x, Real(0)) + std::log1p(std::exp(-std::fabs(x)));
}

/// The rate A = -exp(A_log), rounded once.
template <class Real>
Real rate(Real a_log) {
  return static_cast<Real>(-std::exp(static_cast<double>(a_log)));
}

}  // namespace lab::scalar
