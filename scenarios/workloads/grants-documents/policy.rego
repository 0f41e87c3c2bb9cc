# The policy of workload grants with documents: that of workloads/grants, but a question may be about a document, which
# another bundle lists (data.documents) and which nobody is allowed who is not permitted the action. A template:
# every publish replaces @@REV@@ by its revision. plan.json is this file compiled: scripts/compile-workload grants-documents.
package mistrial

default allow = false

allow {
	permitted
	not revoked
	not unlisted
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

unlisted {
	input.document
	not data.documents.listed[input.document]
}

default data_marker = "-"

data_marker = x {
	x := data.grants.marker
}

default documents_marker = "-"

documents_marker = x {
	x := data.documents.marker
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
	"documents": documents_marker,
	"now": time.now_ns(),
	"nonce": nonce,
	"instance": instance,
}
