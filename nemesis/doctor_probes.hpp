#pragma once

#include <string>

/// The doctor's single trials. Each leaves the machine as it was.
namespace mistrial::nemesis::probes {

struct Outcome {
    bool ok = false;
    std::string detail;
};

// doctor_process.cpp
Outcome pidfd();
Outcome exec_stop();
Outcome code_write();
Outcome vdso_layout();
Outcome vdso_clock();
Outcome real_time();
Outcome time_slice();
Outcome ledger();
Outcome opa();

// doctor_network.cpp
Outcome loopback();
Outcome tcp_refuse();
Outcome tcp_black_hole();
Outcome user_namespace();
Outcome network_namespace();
Outcome nftables();
Outcome netem();
Outcome cgroup();

}  // namespace mistrial::nemesis::probes
