#pragma once

#include "core/history/operation.hpp"

#include <chrono>
#include <map>
#include <set>
#include <string>

namespace mistrial::cli {

/// Tells a person how a run is going: on a terminal one line that is drawn again twice a second (elapsed, decisions a
/// second, faults in force, revision of each agent), in a pipe a plain line every five seconds.
class Progress {
  public:
    Progress(Duration duration, bool quiet);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void on(const history::Record& record);

  private:
    void draw(TrueTime now);

    Duration duration_;
    bool quiet_, terminal_;
    TrueTime drawn_;
    std::int64_t decisions_ = 0, decisions_drawn_ = 0;
    std::set<std::string> faults_;
    std::map<std::string, std::string> revisions_;
};

}  // namespace mistrial::cli
