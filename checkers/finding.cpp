#include "checkers/finding.hpp"

namespace mistrial::checkers {

std::string_view to_text(Reason reason) {
    switch (reason) {
        case Reason::none: return "none";
        case Reason::not_exercised: return "not-exercised";
        case Reason::fault_did_not_bite: return "fault-did-not-bite";
        case Reason::time: return "time";
        case Reason::no_evidence: return "no-evidence";
        case Reason::pending: return "pending";
    }
    MISTRIAL_INVARIANT(false, "reason {}", static_cast<int>(reason));
}

std::string_view to_text(Attribution attribution) {
    switch (attribution) {
        case Attribution::agent: return "AGENT";
        case Attribution::source: return "SOURCE";
        case Attribution::system: return "SYSTEM";
        case Attribution::environment: return "ENV";
    }
    MISTRIAL_INVARIANT(false, "attribution {}", static_cast<int>(attribution));
}

Json to_json(Validity validity) {
    switch (validity) {
        case Validity::valid: return true;
        case Validity::invalid: return false;
        case Validity::unknown: return "unknown";
    }
    MISTRIAL_INVARIANT(false, "validity {}", static_cast<int>(validity));
}

int exit_status(Validity validity) {
    switch (validity) {
        case Validity::valid: return 0;
        case Validity::invalid: return 1;
        case Validity::unknown: return 2;
    }
    MISTRIAL_INVARIANT(false, "validity {}", static_cast<int>(validity));
}

}  // namespace mistrial::checkers
