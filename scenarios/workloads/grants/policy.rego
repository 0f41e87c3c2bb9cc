# The policy of workload grants, as a template: every publish replaces @@REV@@ by its revision. Written so that
# OPA 0.15 to 1.x parse it (v0 syntax, no imports; the manifest says rego_version 0). plan.json is this file compiled:
# scripts/compile-workload grants.
#
# A decision names itself: which revision of the policy and of the data answered, at what time of the agent's clock,
# which question and which process. Every part has a default, since one undefined part would make the whole undefined.
package mistrial

default allow = false

allow {
	permitted
	not revoked
}

# True under every revision, and false in a state torn between two.
allow {
	input.user == "torn-detector"
	data.grants.marker == "@@REV@@"
}

permitted {
	data.grants.users[input.user].grants[input.action]
}

permitted {
	role := data.grants.users[input.user].roles[_]
	data.grants.roles[role][input.action]
}

revoked {
	data.grants.users[input.user].revoked[input.action]
}

revoked {
	data.grants.suspended[input.user]
}

default data_marker = "-"

data_marker = x {
	x := data.grants.marker
}

default nonce = null

nonce = x {
	x := input.nonce
}

default instance = "-"

instance = x {
	x := data.mistrial_instance.id
}

decision = {
	"allow": allow,
	"policy": "@@REV@@",
	"data": data_marker,
	"now": time.now_ns(),
	"nonce": nonce,
	"instance": instance,
}
