package shop

import rego.v1

default allow := false

allow if input.action == "look"

allow if {
	input.action == "refund"
	input.user in data.shop.clerks
	input.amount <= data.shop.limit
}
