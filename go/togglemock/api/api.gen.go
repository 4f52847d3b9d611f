// Code generated from docs/openapi.json by make schemas. DO NOT EDIT.

package api

import (
	"context"
	"encoding/json"
	"io"
	"net/url"
)

// Ready: Whether the server answers calls.
type Ready struct {
	Ready bool `json:"ready"`

	// Why it does not.
	Reason *string `json:"reason,omitzero"`
}

// Info: Where the server is, and how it is set.
type Info struct {
	// HOST:PORT of the gRPC server.
	Address string `json:"address"`

	TLS bool `json:"tls"`

	// Whether connections can break on command.
	Relay bool `json:"relay"`

	// Whether it shares its recording, faults and sessions with others.
	Shared bool `json:"shared"`

	// As PEM, if it speaks TLS.
	RootCertificate *string `json:"root_certificate"`

	// Whether a repeated batch is counted once.
	Deduplicate bool `json:"deduplicate"`

	// Whether there is a page at /. One of off, on, read-only.
	Page string `json:"page"`

	// The recording that is shown; null for a server at work.
	File *string `json:"file"`

	// Under which events are read; null for the project's own.
	Schema *SchemaFiles `json:"schema,omitzero"`
}

// SchemaFiles: A schema.
type SchemaFiles struct {
	Name string `json:"name"`

	// A serialized google.protobuf.FileDescriptorSet.
	Files []byte `json:"files"`
}

// FoundEvents: The most recent of those that were found, or a page of them.
type FoundEvents struct {
	Events []Event `json:"events"`

	// How many there are, those included not shown; with `after`, how many behind it.
	Total int `json:"total"`

	// Where the next page begins: to be given as `after`.
	Next string `json:"next"`
}

// Event: An event and where it came from; enums by name, field names as in the .proto.
type Event struct {
	// Seconds since the Unix epoch.
	Arrived float64 `json:"arrived"`

	Peer string `json:"peer"`

	RID *string `json:"rid"`

	BatchID string `json:"batch_id"`

	Event json.RawMessage `json:"event"`

	// Values by the path of their numbers; bytes in hexadecimal digits.
	UnknownFields map[string]any `json:"unknown_fields,omitzero"`

	// Of those, by the same path, REVISION: NAME, the newest that has it.
	UnknownFieldsKnownAs map[string]string `json:"unknown_fields_known_as,omitzero"`
}

// Rows: Some of the events that match, in the order of their arrival.
type Rows struct {
	// The place of the first that is kept.
	Begin int `json:"begin"`

	// The place behind the last.
	End int `json:"end"`

	// The place of the first of these rows.
	First int `json:"first"`

	Rows []Row `json:"rows"`
}

// Row: An event in a line.
type Row struct {
	// The number of its call.
	Call int `json:"call"`

	// Its place in the call's batch, from 0 on.
	Place int `json:"place"`

	// Seconds since the Unix epoch.
	Arrived float64 `json:"arrived"`

	// Milliseconds since the Unix epoch.
	Timestamp int `json:"timestamp"`

	EventID string `json:"event_id"`

	Level string `json:"level"`

	Category string `json:"category"`

	// Its type, such as storage_pool; empty if none.
	Payload string `json:"payload"`

	Source string `json:"source"`

	RID string `json:"rid"`

	BatchID string `json:"batch_id"`

	// Whether its batch had come before.
	Duplicate bool `json:"duplicate"`

	// The payload's fields that are set, shortened: names and values.
	Fields [][2]string `json:"fields"`

	Metadata map[string]string `json:"metadata"`

	// How many fields the schema does not have.
	UnknownFields int `json:"unknown_fields"`
}

// WaitForEvents: Which events to wait for, and how long.
type WaitForEvents struct {
	Query *string `json:"query,omitzero"`

	// How many are needed. Without it 1.
	Count *int `json:"count,omitzero"`

	// In seconds. Without it 5.0.
	Timeout *float64 `json:"timeout,omitzero"`
}

// Events: Events, the oldest first.
type Events struct {
	Events []Event `json:"events"`
}

// Verify: An assertion: one of the first five, with what belongs to it.
type Verify struct {
	// A query; an empty one means all events.
	Received *string `json:"received,omitzero"`

	// A query; an empty one means all events.
	NotReceived *string `json:"not_received,omitzero"`

	// A query; an empty one means all events.
	Only *string `json:"only,omitzero"`

	// Queries: events match them one after the other; others may be between.
	InOrder []string `json:"in_order,omitzero"`

	// True: no call and no connection was turned away.
	NoRefusals *bool `json:"no_refusals,omitzero"`

	Count *int `json:"count,omitzero"`

	// How long to wait for it. In seconds.
	Timeout *float64 `json:"timeout,omitzero"`

	// How long none may come. In seconds.
	Within *float64 `json:"within,omitzero"`
}

// Done: It is done.
type Done struct {
	// Without it true.
	OK *bool `json:"ok,omitzero"`
}

// FoundCalls: The most recent of those that were found, or a page of them.
type FoundCalls struct {
	Calls []Call `json:"calls"`

	// How many there are, those included not shown; with `after`, how many behind it.
	Total int `json:"total"`

	// Where the next page begins: to be given as `after`.
	Next int `json:"next"`
}

// Call: A call.
type Call struct {
	// Its place in the recording, from 1 on.
	Number int `json:"number"`

	// Its name in the service.
	Method string `json:"method"`

	RID string `json:"rid"`

	Sub string `json:"sub"`

	Peer string `json:"peer"`

	// Seconds since the Unix epoch.
	Arrived float64 `json:"arrived"`

	// Null while it goes on. One of OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED,
	// NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED,
	// OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED.
	Status *string `json:"status"`

	Details string `json:"details"`

	// Keys and values; binary values in base64.
	Metadata [][2]string `json:"metadata"`

	MessageCount int `json:"message_count"`

	// Seconds since the Unix epoch; null while it goes on, or if unknown.
	Ended *float64 `json:"ended"`

	// Of the messages from the Rodent.
	ReceivedBytes int `json:"received_bytes"`

	// Of the messages from Toggle.
	SentBytes int `json:"sent_bytes"`

	// The fault that hit it; empty if none did.
	Fault string `json:"fault"`
}

// CallWithMessages: A call and what was said in it.
type CallWithMessages struct {
	// Its place in the recording, from 1 on.
	Number int `json:"number"`

	// Its name in the service.
	Method string `json:"method"`

	RID string `json:"rid"`

	Sub string `json:"sub"`

	Peer string `json:"peer"`

	// Seconds since the Unix epoch.
	Arrived float64 `json:"arrived"`

	// Null while it goes on. One of OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED,
	// NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED,
	// OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED.
	Status *string `json:"status"`

	Details string `json:"details"`

	// Keys and values; binary values in base64.
	Metadata [][2]string `json:"metadata"`

	MessageCount int `json:"message_count"`

	// Seconds since the Unix epoch; null while it goes on, or if unknown.
	Ended *float64 `json:"ended"`

	// Of the messages from the Rodent.
	ReceivedBytes int `json:"received_bytes"`

	// Of the messages from Toggle.
	SentBytes int `json:"sent_bytes"`

	// The fault that hit it; empty if none did.
	Fault string `json:"fault"`

	Messages []Message `json:"messages"`
}

// Message: A message, raw and decoded.
type Message struct {
	// Whether Toggle sent it.
	Sent bool `json:"sent"`

	// Seconds since the Unix epoch.
	At float64 `json:"at"`

	Raw []byte `json:"raw"`

	// Null if it is no message of its type.
	Message json.RawMessage `json:"message"`
}

// OneFoundEvent: An event with its bytes, and how it was delivered.
type OneFoundEvent struct {
	// Seconds since the Unix epoch.
	Arrived float64 `json:"arrived"`

	Peer string `json:"peer"`

	RID *string `json:"rid"`

	BatchID string `json:"batch_id"`

	Event json.RawMessage `json:"event"`

	// Values by the path of their numbers; bytes in hexadecimal digits.
	UnknownFields map[string]any `json:"unknown_fields,omitzero"`

	// Of those, by the same path, REVISION: NAME, the newest that has it.
	UnknownFieldsKnownAs map[string]string `json:"unknown_fields_known_as,omitzero"`

	// The number of its call.
	Call int `json:"call"`

	// Its place in the call's batch, from 0 on.
	Place int `json:"place"`

	Row Row `json:"row"`

	// As it arrived.
	Raw []byte `json:"raw"`

	// In protobuf's text format.
	Text string `json:"text"`

	// Under which it is read.
	Schema string `json:"schema"`

	// In the order of the bytes.
	Fields []WireField `json:"fields"`

	// Why not all of its bytes are in fields.
	Problem *string `json:"problem"`

	// The calls that its batch came with.
	Attempts []Attempt `json:"attempts"`
}

// WireField: A field as it stands in the bytes: those from `start` up to `end`.
type WireField struct {
	// Messages that it is in, besides the event.
	Depth int `json:"depth"`

	Number int `json:"number"`

	// Empty if the schema has none of this number.
	Name string `json:"name"`

	// Of such, REVISION: NAME, the newest that has it.
	KnownAs string `json:"known_as"`

	Type string `json:"type"`

	// As people read it; empty for a message.
	Value string `json:"value"`

	Start int `json:"start"`

	// Where its content begins, behind tag and length.
	Content int `json:"content"`

	End int `json:"end"`
}

// Attempt: A call that a batch came with.
type Attempt struct {
	// Its place in the recording, from 1 on.
	Number int `json:"number"`

	RID string `json:"rid"`

	Peer string `json:"peer"`

	// Seconds since the Unix epoch.
	Arrived float64 `json:"arrived"`

	// Null while it goes on, or if unknown.
	Ended *float64 `json:"ended"`

	// Null while it goes on. One of OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED,
	// NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED,
	// OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED.
	Status *string `json:"status"`

	Details string `json:"details"`

	// The fault that hit it; empty if none did.
	Fault string `json:"fault"`
}

// Attempts: The calls that a batch came with, the oldest first.
type Attempts struct {
	Calls []Attempt `json:"calls"`
}

// WaitForCalls: Which calls to wait for, and how long.
type WaitForCalls struct {
	// One of Connect, Register, SendEvents.
	Method *string `json:"method,omitzero"`

	// One of OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS,
	// PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE,
	// UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED.
	Status *string `json:"status,omitzero"`

	// How many are needed. Without it 1.
	Count *int `json:"count,omitzero"`

	// In seconds. Without it 5.0.
	Timeout *float64 `json:"timeout,omitzero"`
}

// Calls: Calls, the oldest first.
type Calls struct {
	Calls []Call `json:"calls"`
}

// FoundRefusals: The most recent refusals, the oldest of them first.
type FoundRefusals struct {
	Refusals []Refusal `json:"refusals"`

	// How many are kept, those included not shown.
	Total int `json:"total"`
}

// Refusal: A call or a connection that was turned away.
type Refusal struct {
	// Its place among all refusals, from 1 on.
	Number int `json:"number"`

	// Such as unknown_method, too_large, unreadable, undecodable, unrecorded, tls, plaintext,
	// handshake, http1, no_http2.
	Kind string `json:"kind"`

	// What exactly is wrong, for people.
	Details string `json:"details"`

	Peer string `json:"peer"`

	// What was called; empty for a connection.
	Method string `json:"method"`

	RID string `json:"rid"`

	Sub string `json:"sub"`

	// Seconds since the Unix epoch.
	At float64 `json:"at"`

	// The number of its call, if that is recorded.
	Call *int `json:"call"`
}

// Activity: What happened over some time, part by part, the oldest first.
type Activity struct {
	Start float64 `json:"start"`

	End float64 `json:"end"`

	Buckets []Bucket `json:"buckets"`
}

// Bucket: What happened within a part of the time.
type Bucket struct {
	// When it begins, in seconds since the Unix epoch.
	At float64 `json:"at"`

	// Events that arrived, by level.
	Levels map[string]int `json:"levels"`

	// Events that arrived, by category.
	Categories map[string]int `json:"categories"`

	// Calls of SendEvents, by status.
	ByStatus map[string]int `json:"by_status"`

	// How many events each accepted batch had.
	Batches []int `json:"batches"`

	// Seconds from the first event of each batch to its arrival.
	Latencies []float64 `json:"latencies"`

	// Calls whose batch had come in a call before.
	Retries int `json:"retries"`
}

// SchemaNames: The names of the schema under which events are read.
type SchemaNames struct {
	// What it is called.
	Schema string `json:"schema"`

	// The keys of queries, besides fields' names.
	Keys []string `json:"keys"`

	Levels []string `json:"levels"`

	Categories []string `json:"categories"`

	Payloads []PayloadType `json:"payloads"`
}

// PayloadType: A type of payload.
type PayloadType struct {
	// Such as storage_pool.
	Name string `json:"name"`

	// The message's name.
	Message string `json:"message"`

	Category string `json:"category"`

	Fields []SchemaField `json:"fields"`
}

// SchemaField: A field of a payload.
type SchemaField struct {
	Name string `json:"name"`

	Number int `json:"number"`

	// As in a .proto, such as int64.
	Type string `json:"type"`

	// Of an enum, the names without their prefix.
	Values []string `json:"values"`
}

// CheckedQuery: Whether a text is a query.
type CheckedQuery struct {
	// The first one; null if there is none.
	Mistake *Mistake `json:"mistake"`
}

// Mistake: What is wrong with a query, and where: at the characters from `start` up to `end`.
type Mistake struct {
	// What is wrong, for people.
	Error string `json:"error"`

	Start int `json:"start"`

	End int `json:"end"`
}

// LoadRecording: A recording, to be looked at as a session of its own.
type LoadRecording struct {
	// What it is called, such as its file.
	Name string `json:"name"`

	// Its entries, one JSON object a line (.ndjson).
	Content string `json:"content"`
}

// SessionOpened: A session.
type SessionOpened struct {
	// To be given as ?session= to the others.
	Session string `json:"session"`

	// Where its Rodents connect.
	Address string `json:"address"`

	RID *string `json:"rid"`

	Sub *string `json:"sub"`
}

// Replay: How to send recorded calls again.
type Replay struct {
	// How much faster than recorded; null for as fast as it goes.
	Speed *float64 `json:"speed,omitzero"`
}

// Replayed: What was sent again, and whether the mock has answered as it is recorded.
type Replayed struct {
	// Calls.
	Sent int `json:"sent"`

	// What was answered otherwise.
	Different []string `json:"different"`
}

// Comparison: How many events of each kind two recordings have, those that differ first.
type Comparison struct {
	Kinds []Difference `json:"kinds"`
}

// Difference: How many events of a kind are in each.
type Difference struct {
	Level string `json:"level"`

	Category string `json:"category"`

	Payload string `json:"payload"`

	Here int `json:"here"`

	There int `json:"there"`
}

// Mark: A mark, and the feed to put it into.
type Mark struct {
	// As the first line of the feed names it.
	Feed string `json:"feed"`

	// What comes out of the feed again.
	Mark any `json:"mark,omitzero"`
}

// Faults: The faults that were asked for, and all that are in force.
type Faults struct {
	// By their ids.
	Faults map[string]FaultState `json:"faults"`

	// All in force, as in a scenario, those asked for otherwise included.
	InForce []string `json:"in_force"`
}

// FaultState: What is left of a fault.
type FaultState struct {
	// What it is, as in a scenario.
	Spec string `json:"spec"`

	// The session that it was asked for in.
	Session *string `json:"session"`

	// Outcomes that no call has met yet; null if there is no end.
	Remaining *int `json:"remaining"`
}

// FaultAdded: The fault is in force.
type FaultAdded struct {
	// Its id.
	Fault string `json:"fault"`
}

// Rodents: The Rodents that are or were connected.
type Rodents struct {
	Rodents []RodentState `json:"rodents"`
}

// RodentState: A Rodent that is or was connected.
type RodentState struct {
	RID string `json:"rid"`

	Sub string `json:"sub"`

	// Whether a stream is open.
	Connected bool `json:"connected"`

	// Its Connect calls so far.
	Streams int `json:"streams"`

	// When its last stream began, in seconds since the Unix epoch.
	Since *float64 `json:"since"`

	// When a message of it came over that, likewise.
	Heard *float64 `json:"heard"`

	// What is wrong with messages that nobody had asked for.
	UnexpectedMessages []string `json:"unexpected_messages"`
}

// RodentWithHistory: A Rodent, and every message of its streams.
type RodentWithHistory struct {
	RID string `json:"rid"`

	Sub string `json:"sub"`

	// Whether a stream is open.
	Connected bool `json:"connected"`

	// Its Connect calls so far.
	Streams int `json:"streams"`

	// When its last stream began, in seconds since the Unix epoch.
	Since *float64 `json:"since"`

	// When a message of it came over that, likewise.
	Heard *float64 `json:"heard"`

	// What is wrong with messages that nobody had asked for.
	UnexpectedMessages []string `json:"unexpected_messages"`

	// The numbers of its Connect calls.
	Calls []int `json:"calls"`

	History []Message `json:"history"`

	// What nobody had asked for.
	Unexpected []Unexpected `json:"unexpected"`
}

// Unexpected: A message that nobody had asked for.
type Unexpected struct {
	// Whether Toggle sent it.
	Sent bool `json:"sent"`

	// Seconds since the Unix epoch.
	At float64 `json:"at"`

	Raw []byte `json:"raw"`

	// Null if it is no message of its type.
	Message json.RawMessage `json:"message"`

	// What is wrong with it.
	Reason string `json:"reason"`
}

// WaitForRodents: How many Rodents to wait for, and how long.
type WaitForRodents struct {
	// How many are to be connected. Without it 1.
	Count *int `json:"count,omitzero"`

	// In seconds. Without it 5.0.
	Timeout *float64 `json:"timeout,omitzero"`
}

// WaitForRodent: What to wait for of a Rodent, and how long.
type WaitForRodent struct {
	// Whether a stream is to be open, or none. Without it true.
	Connected *bool `json:"connected,omitzero"`

	// In seconds. Without it 5.0.
	Timeout *float64 `json:"timeout,omitzero"`
}

// SendMessage: A message for a Rodent, whatever it says.
type SendMessage struct {
	// A ToggleRequest, or anything else.
	Raw []byte `json:"raw"`

	// For a stream that is still to come. In seconds. Without it 5.0.
	Timeout *float64 `json:"timeout,omitzero"`
}

// SendCommand: A command for a Rodent.
type SendCommand struct {
	Type string `json:"type"`

	// What the command needs; null for nothing.
	Payload any `json:"payload,omitzero"`

	// The payload as it is to be sent, in place of `payload`.
	RawPayload []byte `json:"raw_payload,omitzero"`

	// Whom it is for.
	Target string `json:"target,omitzero"`

	// In seconds. Without it 5.0.
	Timeout *float64 `json:"timeout,omitzero"`
}

// CommandSent: The command is under way.
type CommandSent struct {
	// Its id.
	Command string `json:"command"`
}

// WaitForAnswer: How long to wait for a command's answer.
type WaitForAnswer struct {
	// In seconds. Without it 5.0.
	Timeout *float64 `json:"timeout,omitzero"`
}

// CommandAnswer: A Rodent's answer to a command; it may say that the command failed.
type CommandAnswer struct {
	// The id in the outer message.
	RequestID string `json:"request_id"`

	Success bool `json:"success"`

	Message string `json:"message"`

	// Null if there is none, or it is no JSON.
	Payload json.RawMessage `json:"payload"`

	// The RodentError, if the command failed.
	Error json.RawMessage `json:"error"`

	// The CommandResponse as it arrived.
	Raw []byte `json:"raw"`
}

// PushConfig: A configuration for a Rodent.
type PushConfig struct {
	// What it configures.
	Type string `json:"type"`

	// The configuration; null for none.
	Payload any `json:"payload,omitzero"`

	// The payload as it is to be sent, in place of `payload`.
	RawPayload []byte `json:"raw_payload,omitzero"`

	// In seconds. Without it 5.0.
	Timeout *float64 `json:"timeout,omitzero"`
}

// Acknowledged: A Rodent's acknowledgement of a configuration.
type Acknowledged struct {
	RequestID string `json:"request_id"`

	Success bool `json:"success"`

	Message string `json:"message"`
}

// SendHTTP: A request for one of a Rodent's local services.
type SendHTTP struct {
	// The service's name.
	Service string `json:"service"`

	Method string `json:"method"`

	// From / on.
	Path string `json:"path"`

	// What stands behind ? in the URL.
	Query string `json:"query,omitzero"`

	Headers map[string]string `json:"headers,omitzero"`

	Body []byte `json:"body,omitzero"`

	// In seconds. Without it 5.0.
	Timeout *float64 `json:"timeout,omitzero"`
}

// HTTPAnswer: What a Rodent's local service answered.
type HTTPAnswer struct {
	StatusCode int `json:"status_code"`

	Headers json.RawMessage `json:"headers"`

	Body []byte `json:"body"`
}

// Disconnect: How to end a Rodent's streams.
type Disconnect struct {
	// One of OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS,
	// PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE,
	// UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED. Without it "OK".
	Status *string `json:"status,omitzero"`

	// Without it "disconnected".
	Details *string `json:"details,omitzero"`
}

// IssueToken: What a token is to say; what is left out is as the server or the session has it.
type IssueToken struct {
	// The Rodent's id.
	RID *string `json:"rid,omitzero"`

	// The organization's id.
	Sub *string `json:"sub,omitzero"`

	// Whether it is in a private network. Without it true.
	Prv *bool `json:"prv,omitzero"`

	// Seconds; negative for a token that has expired. Without it 3600.0.
	ExpiresIn *float64 `json:"expires_in,omitzero"`

	// Further claims; null leaves a usual one out.
	Claims map[string]any `json:"claims,omitzero"`
}

// TokenIssued: A token.
type TokenIssued struct {
	JWT string `json:"jwt"`
}

// RevokeTokens: Whose tokens to refuse, and how; a rid or a sub is needed.
type RevokeTokens struct {
	// The Rodent's id.
	RID *string `json:"rid,omitzero"`

	// The organization's id.
	Sub *string `json:"sub,omitzero"`

	// What callers get. One of OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND,
	// ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED,
	// OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED. Without it
	// "UNAUTHENTICATED".
	Status *string `json:"status,omitzero"`
}

// Sessions: The sessions that are open.
type Sessions struct {
	Sessions []SessionState `json:"sessions"`
}

// SessionState: A session that is open.
type SessionState struct {
	// To be given as ?session= to the others.
	Session string `json:"session"`

	// Where its Rodents connect.
	Address string `json:"address"`

	RID *string `json:"rid"`

	Sub *string `json:"sub"`

	// The recording that it shows; empty for none.
	File string `json:"file"`

	// Seconds that it lasts unless it is heard of; null: always.
	Lease *float64 `json:"lease"`

	// Whether it has a port of its own.
	OwnPort bool `json:"own_port"`
}

// OpenSession: Whom a session is about; without either, an organization of its own.
type OpenSession struct {
	// The Rodent's id.
	RID *string `json:"rid,omitzero"`

	// The organization's id.
	Sub *string `json:"sub,omitzero"`

	// Whether faults of connections are to be about its clients alone.
	OwnPort bool `json:"own_port,omitzero"`

	// Seconds after which it ends and its faults are healed, unless a request in it comes; null for
	// never.
	Lease *float64 `json:"lease,omitzero"`
}

// Failure: It is not done.
type Failure struct {
	// What is wrong, for people.
	Error string `json:"error"`

	// The exception that it is in Python.
	Kind string `json:"kind"`
}

// Returns: One outcome for each of the next calls, then as usual.
type Returns struct {
	// One of Connect, Register, SendEvents.
	Method string `json:"method"`

	Matching *string `json:"matching,omitzero"`

	RID *string `json:"rid,omitzero"`

	Seed int `json:"seed,omitzero"`

	Returns []Outcome `json:"returns"`
}

// Always: The outcome of all calls.
type Always struct {
	// One of Connect, Register, SendEvents.
	Method string `json:"method"`

	Matching *string `json:"matching,omitzero"`

	RID *string `json:"rid,omitzero"`

	Seed int `json:"seed,omitzero"`

	Always Outcome `json:"always"`
}

// At: The outcome of one call: that with this index, counted from 0 and from now on.
type At struct {
	// One of Connect, Register, SendEvents.
	Method string `json:"method"`

	Matching *string `json:"matching,omitzero"`

	RID *string `json:"rid,omitzero"`

	Seed int `json:"seed,omitzero"`

	At int `json:"at"`

	Outcome Outcome `json:"outcome"`
}

// Rates: Outcomes by chance, each with its share of the calls, the same for the same seed.
type Rates struct {
	// One of Connect, Register, SendEvents.
	Method string `json:"method"`

	Matching *string `json:"matching,omitzero"`

	RID *string `json:"rid,omitzero"`

	Seed int `json:"seed,omitzero"`

	// It is map[string]float64 or [][2]any.
	Rates any `json:"rates"`
}

// MessageLimit: Requests of more bytes are refused, with RESOURCE_EXHAUSTED as gRPC does it.
type MessageLimit struct {
	// One of Connect, Register, SendEvents.
	Method string `json:"method"`

	Matching *string `json:"matching,omitzero"`

	RID *string `json:"rid,omitzero"`

	Seed int `json:"seed,omitzero"`

	MessageLimit int `json:"message_limit"`
}

// Outage: The server is gone: connections end, and new ones are refused. Its port stays its own.
type Outage struct{}

// Restart: The server ends and comes back at the same port, with what it has recorded, or without.
type Restart struct {
	Forget bool `json:"forget,omitzero"`
}

// Clock: The server's clock is wrong: by it tokens begin and expire, and its certificate is made.
type Clock struct {
	Ahead float64 `json:"ahead"`
}

// Goaway: All clients are told to go (GOAWAY), once: new calls take new connections, others go on.
type Goaway struct {
	Grace *float64 `json:"grace,omitzero"`
}

// MaxConnectionAge: Clients are told to go (GOAWAY) once their connection is so old.
type MaxConnectionAge struct {
	Seconds float64 `json:"seconds"`

	Grace *float64 `json:"grace,omitzero"`
}

// Refuse: New connections are refused; old ones go on.
type Refuse struct{}

// Reset: All connections are reset, once.
type Reset struct{}

// HalfOpen: Nothing gets through any more on the connections that are open; new ones work.
type HalfOpen struct{}

// Partition: Nothing gets through, in either direction, and nobody is told.
type Partition struct{}

// Latency: Everything takes so many seconds longer, in each direction, more or less the jitter.
//
// With a seed, the chunks of each connection and direction take the same in each run, one by one.
type Latency struct {
	// It is float64 or Distribution.
	Seconds any `json:"seconds"`

	Jitter float64 `json:"jitter,omitzero"`

	Seed *int `json:"seed,omitzero"`
}

// Distribution: How many seconds something takes, by chance: one of these.
type Distribution struct {
	Uniform [2]float64 `json:"uniform,omitzero"`

	Normal [2]float64 `json:"normal,omitzero"`

	Percentiles map[string]float64 `json:"percentiles,omitzero"`
}

// Bandwidth: No more bytes a second get through, on each connection and in each direction.
type Bandwidth struct {
	BytesPerSecond float64 `json:"bytes_per_second"`
}

// SlowReads: The server takes no more bytes a second, on each connection.
type SlowReads struct {
	BytesPerSecond float64 `json:"bytes_per_second"`
}

// Fail: The call fails, and nothing is accepted.
type Fail struct {
	// It is float64 or Distribution.
	Delay any `json:"delay,omitzero"`

	RetryAfter *float64 `json:"retry_after,omitzero"`

	Trailers map[string]string `json:"trailers,omitzero"`

	// One of CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS,
	// PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE,
	// UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED.
	Fail string `json:"fail"`

	Message string `json:"message,omitzero"`
}

// Reject: The answer is `success=false` with this message, and nothing is accepted.
type Reject struct {
	// It is float64 or Distribution.
	Delay any `json:"delay,omitzero"`

	// Without it "rejected".
	Reject string `json:"reject"`
}

// LoseAnswer: All is accepted and recorded, but the caller gets a status instead of the answer.
type LoseAnswer struct {
	// It is float64 or Distribution.
	Delay any `json:"delay,omitzero"`

	RetryAfter *float64 `json:"retry_after,omitzero"`

	Trailers map[string]string `json:"trailers,omitzero"`

	// One of OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS,
	// PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE,
	// UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED. Without it "UNAVAILABLE".
	LoseAnswer string `json:"lose_answer"`

	// Without it "the answer was lost".
	Message *string `json:"message,omitzero"`
}

// Hang: Nothing is answered until the caller gives up; true if the batch is recorded all the same.
type Hang struct {
	// It is float64 or Distribution.
	Delay any `json:"delay,omitzero"`

	Hang bool `json:"hang"`
}

// Cut: A stream ends with a status once so many messages have come from the Rodent.
type Cut struct {
	// It is float64 or Distribution.
	Delay any `json:"delay,omitzero"`

	RetryAfter *float64 `json:"retry_after,omitzero"`

	Trailers map[string]string `json:"trailers,omitzero"`

	// One of OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS,
	// PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE,
	// UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED. Without it "UNAVAILABLE".
	Cut string `json:"cut"`

	AfterMessages int `json:"after_messages,omitzero"`

	// Without it "the stream was cut".
	Message *string `json:"message,omitzero"`
}

// ReadSlowly: On Connect: so many seconds pass between two messages that are read of the Rodent's.
type ReadSlowly struct {
	// It is float64 or Distribution.
	Delay any `json:"delay,omitzero"`

	ReadSlowly float64 `json:"read_slowly"`
}

// HalfClosed: On Connect: once the Rodent has ended its side, Toggle keeps its own open.
type HalfClosed struct {
	// It is float64 or Distribution.
	Delay any `json:"delay,omitzero"`

	// Without it true.
	HalfClosed bool `json:"half_closed"`
}

// Duplicate: On Connect: each message to the Rodent arrives so many times.
type Duplicate struct {
	// It is float64 or Distribution.
	Delay any `json:"delay,omitzero"`

	// Without it 2.
	Duplicate int `json:"duplicate"`
}

// Reorder: On Connect: so many messages to the Rodent are held, and arrive the last one first.
type Reorder struct {
	// It is float64 or Distribution.
	Delay any `json:"delay,omitzero"`

	// Without it 2.
	Reorder int `json:"reorder"`
}

// Delay: The usual answer, so many seconds later.
type Delay struct {
	// It is float64 or Distribution.
	Delay any `json:"delay"`
}

// Outcome: What becomes of a call.
type Outcome interface{ asOutcome() any }

// OutcomeName is one that has no more to it than a name.
type OutcomeName string

func (one OutcomeName) asOutcome() any { return one }

// All that have a name.
const (
	// OutcomeReject is reject.
	OutcomeReject OutcomeName = "reject"

	// OutcomeLoseAnswer is lose_answer.
	OutcomeLoseAnswer OutcomeName = "lose_answer"

	// OutcomeHang is hang.
	OutcomeHang OutcomeName = "hang"

	// OutcomeCut is cut.
	OutcomeCut OutcomeName = "cut"

	// OutcomeHalfClosed is half_closed.
	OutcomeHalfClosed OutcomeName = "half_closed"

	// OutcomeDuplicate is duplicate.
	OutcomeDuplicate OutcomeName = "duplicate"

	// OutcomeReorder is reorder.
	OutcomeReorder OutcomeName = "reorder"

	// OutcomeOK is OK.
	OutcomeOK OutcomeName = "OK"

	// OutcomeCancelled is CANCELLED.
	OutcomeCancelled OutcomeName = "CANCELLED"

	// OutcomeUnknown is UNKNOWN.
	OutcomeUnknown OutcomeName = "UNKNOWN"

	// OutcomeInvalidArgument is INVALID_ARGUMENT.
	OutcomeInvalidArgument OutcomeName = "INVALID_ARGUMENT"

	// OutcomeDeadlineExceeded is DEADLINE_EXCEEDED.
	OutcomeDeadlineExceeded OutcomeName = "DEADLINE_EXCEEDED"

	// OutcomeNotFound is NOT_FOUND.
	OutcomeNotFound OutcomeName = "NOT_FOUND"

	// OutcomeAlreadyExists is ALREADY_EXISTS.
	OutcomeAlreadyExists OutcomeName = "ALREADY_EXISTS"

	// OutcomePermissionDenied is PERMISSION_DENIED.
	OutcomePermissionDenied OutcomeName = "PERMISSION_DENIED"

	// OutcomeResourceExhausted is RESOURCE_EXHAUSTED.
	OutcomeResourceExhausted OutcomeName = "RESOURCE_EXHAUSTED"

	// OutcomeFailedPrecondition is FAILED_PRECONDITION.
	OutcomeFailedPrecondition OutcomeName = "FAILED_PRECONDITION"

	// OutcomeAborted is ABORTED.
	OutcomeAborted OutcomeName = "ABORTED"

	// OutcomeOutOfRange is OUT_OF_RANGE.
	OutcomeOutOfRange OutcomeName = "OUT_OF_RANGE"

	// OutcomeUnimplemented is UNIMPLEMENTED.
	OutcomeUnimplemented OutcomeName = "UNIMPLEMENTED"

	// OutcomeInternal is INTERNAL.
	OutcomeInternal OutcomeName = "INTERNAL"

	// OutcomeUnavailable is UNAVAILABLE.
	OutcomeUnavailable OutcomeName = "UNAVAILABLE"

	// OutcomeDataLoss is DATA_LOSS.
	OutcomeDataLoss OutcomeName = "DATA_LOSS"

	// OutcomeUnauthenticated is UNAUTHENTICATED.
	OutcomeUnauthenticated OutcomeName = "UNAUTHENTICATED"
)

func (one Fail) asOutcome() any { return one }

func (one Reject) asOutcome() any { return one }

func (one LoseAnswer) asOutcome() any { return one }

func (one Hang) asOutcome() any { return one }

func (one Cut) asOutcome() any { return one }

func (one ReadSlowly) asOutcome() any { return one }

func (one HalfClosed) asOutcome() any { return one }

func (one Duplicate) asOutcome() any { return one }

func (one Reorder) asOutcome() any { return one }

func (one Delay) asOutcome() any { return one }

// Fault: One of several.
type Fault interface{ asFault() any }

func (one Returns) asFault() any { return one }

func (one Always) asFault() any { return one }

func (one At) asFault() any { return one }

func (one Rates) asFault() any { return one }

func (one MessageLimit) asFault() any { return one }

func (one Outage) asFault() any { return map[string]any{"outage": one} }

func (one Restart) asFault() any { return map[string]any{"restart": one} }

func (one Clock) asFault() any { return map[string]any{"clock": one} }

func (one Goaway) asFault() any { return map[string]any{"goaway": one} }

func (one MaxConnectionAge) asFault() any { return map[string]any{"max_connection_age": one} }

func (one Refuse) asFault() any { return map[string]any{"refuse": one} }

func (one Reset) asFault() any { return map[string]any{"reset": one} }

func (one HalfOpen) asFault() any { return map[string]any{"half_open": one} }

func (one Partition) asFault() any { return map[string]any{"partition": one} }

func (one Latency) asFault() any { return map[string]any{"latency": one} }

func (one Bandwidth) asFault() any { return map[string]any{"bandwidth": one} }

func (one SlowReads) asFault() any { return map[string]any{"slow_reads": one} }

// ServerReadyz asks GET /readyz: Whether the server answers calls.
func (c *Client) ServerReadyz(ctx context.Context) (Ready, error) {
	return ask[Ready](ctx, c, request{method: "GET", path: "/readyz", inSession: true})
}

// ServerMetrics asks GET /metrics: What is recorded and connected, in numbers, for Prometheus.
func (c *Client) ServerMetrics(ctx context.Context) (io.ReadCloser, error) {
	return stream(ctx, c, request{method: "GET", path: "/metrics"})
}

// ServerOpenapi asks GET /openapi.json: This description.
func (c *Client) ServerOpenapi(ctx context.Context) (io.ReadCloser, error) {
	return stream(ctx, c, request{method: "GET", path: "/openapi.json"})
}

// ServerInfo asks GET /api/v1/info: The server's address.
func (c *Client) ServerInfo(ctx context.Context) (Info, error) {
	return ask[Info](ctx, c, request{method: "GET", path: "/api/v1/info"})
}

// EventsFindQuery: what EventsFind may be asked for.
type EventsFindQuery struct {
	// A query; an empty one means all events.
	Query string `json:"query,omitzero"`

	// Show so many, the most recent; with `after`, the oldest. Without it 1000.
	Limit *int `json:"limit,omitzero"`

	// Show those behind this cursor: what an answer has as `next`; empty is the beginning.
	After *string `json:"after,omitzero"`
}

func (query EventsFindQuery) write(to url.Values) {
	add(to, "query", query.Query)
	add(to, "limit", query.Limit)
	add(to, "after", query.After)
}

// EventsFind asks GET /api/v1/events: The recorded events that match a query, oldest first.
func (c *Client) EventsFind(ctx context.Context, query EventsFindQuery) (FoundEvents, error) {
	return ask[FoundEvents](ctx, c, request{method: "GET", path: "/api/v1/events", inSession: true, query: query.write})
}

// RowsFindQuery: what RowsFind may be asked for.
type RowsFindQuery struct {
	// A query; an empty one means all events.
	Query string `json:"query,omitzero"`

	// The place of the first, from 0 on; negative counts from the end.
	First int `json:"first,omitzero"`

	// Show so many. Without it 100.
	Count *int `json:"count,omitzero"`
}

func (query RowsFindQuery) write(to url.Values) {
	add(to, "query", query.Query)
	add(to, "first", query.First)
	add(to, "count", query.Count)
}

// RowsFind asks GET /api/v1/events/rows: Some of the events that match a query, in a line each;
// what was found once stays found.
func (c *Client) RowsFind(ctx context.Context, query RowsFindQuery) (Rows, error) {
	return ask[Rows](ctx, c, request{method: "GET", path: "/api/v1/events/rows", inSession: true, query: query.write})
}

// EventsWait asks POST /api/v1/events/wait: Wait until so many matching events have arrived.
func (c *Client) EventsWait(ctx context.Context, body WaitForEvents) (Events, error) {
	return ask[Events](ctx, c, request{method: "POST", path: "/api/v1/events/wait", inSession: true, body: body})
}

// EventsVerify asks POST /api/v1/events/verify: Assert something of the events that have arrived.
func (c *Client) EventsVerify(ctx context.Context, body Verify) (Done, error) {
	return ask[Done](ctx, c, request{method: "POST", path: "/api/v1/events/verify", inSession: true, body: body})
}

// EventsStreamQuery: what EventsStream may be asked for.
type EventsStreamQuery struct {
	// A query; an empty one means all events.
	Query string `json:"query,omitzero"`
}

func (query EventsStreamQuery) write(to url.Values) {
	add(to, "query", query.Query)
}

// EventsStream asks GET /api/v1/events/stream: Matching events as they arrive, as server-sent
// events.
func (c *Client) EventsStream(ctx context.Context, query EventsStreamQuery) (io.ReadCloser, error) {
	return stream(ctx, c, request{method: "GET", path: "/api/v1/events/stream", inSession: true, query: query.write})
}

// CallsFindQuery: what CallsFind may be asked for.
type CallsFindQuery struct {
	// One of Connect, Register, SendEvents.
	Method *string `json:"method,omitzero"`

	// One of OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS,
	// PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE,
	// UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED.
	Status *string `json:"status,omitzero"`

	// Show so many, the most recent; with `after`, the oldest. Without it 1000.
	Limit *int `json:"limit,omitzero"`

	// Show those behind the call of this number: what an answer has as `next`; or from 0 on.
	After *int `json:"after,omitzero"`
}

func (query CallsFindQuery) write(to url.Values) {
	add(to, "method", query.Method)
	add(to, "status", query.Status)
	add(to, "limit", query.Limit)
	add(to, "after", query.After)
}

// CallsFind asks GET /api/v1/calls: The recorded calls, oldest first.
func (c *Client) CallsFind(ctx context.Context, query CallsFindQuery) (FoundCalls, error) {
	return ask[FoundCalls](ctx, c, request{method: "GET", path: "/api/v1/calls", inSession: true, query: query.write})
}

// CallsOne asks GET /api/v1/calls/{number}: One call with its messages, raw and decoded.
func (c *Client) CallsOne(ctx context.Context, number int) (CallWithMessages, error) {
	return ask[CallWithMessages](ctx, c, request{method: "GET", path: "/api/v1/calls/" + segment(number), inSession: true})
}

// RowsOne asks GET /api/v1/calls/{number}/events/{place}: One event, with its bytes field by
// field, and the calls that its batch came with.
func (c *Client) RowsOne(ctx context.Context, number int, place int) (OneFoundEvent, error) {
	return ask[OneFoundEvent](ctx, c, request{method: "GET", path: "/api/v1/calls/" + segment(number) + "/events/" + segment(place), inSession: true})
}

// CallsAttemptsQuery: what CallsAttempts may be asked for.
type CallsAttemptsQuery struct {
	// The id that its sender gave it; of an empty one there are none.
	BatchID string `json:"batch_id,omitzero"`
}

func (query CallsAttemptsQuery) write(to url.Values) {
	add(to, "batch_id", query.BatchID)
}

// CallsAttempts asks GET /api/v1/attempts: The calls that a batch came with: the first try, and
// those after it.
func (c *Client) CallsAttempts(ctx context.Context, query CallsAttemptsQuery) (Attempts, error) {
	return ask[Attempts](ctx, c, request{method: "GET", path: "/api/v1/attempts", inSession: true, query: query.write})
}

// CallsWait asks POST /api/v1/calls/wait: Wait until so many calls have arrived.
func (c *Client) CallsWait(ctx context.Context, body WaitForCalls) (Calls, error) {
	return ask[Calls](ctx, c, request{method: "POST", path: "/api/v1/calls/wait", inSession: true, body: body})
}

// RefusalsFindQuery: what RefusalsFind may be asked for.
type RefusalsFindQuery struct {
	// Show so many, the most recent. Without it 1000.
	Limit *int `json:"limit,omitzero"`
}

func (query RefusalsFindQuery) write(to url.Values) {
	add(to, "limit", query.Limit)
}

// RefusalsFind asks GET /api/v1/refusals: Calls and connections that were turned away, oldest
// first.
func (c *Client) RefusalsFind(ctx context.Context, query RefusalsFindQuery) (FoundRefusals, error) {
	return ask[FoundRefusals](ctx, c, request{method: "GET", path: "/api/v1/refusals", inSession: true, query: query.write})
}

// ChangesFollowQuery: what ChangesFollow may be asked for.
type ChangesFollowQuery struct {
	// A query; an empty one means all events.
	Query string `json:"query,omitzero"`
}

func (query ChangesFollowQuery) write(to url.Values) {
	add(to, "query", query.Query)
}

// ChangesFollow asks GET /api/v1/changes: What there is in numbers, at each change, as server-sent
// events.
func (c *Client) ChangesFollow(ctx context.Context, query ChangesFollowQuery) (io.ReadCloser, error) {
	return stream(ctx, c, request{method: "GET", path: "/api/v1/changes", inSession: true, query: query.write})
}

// ChangesActivityQuery: what ChangesActivity may be asked for.
type ChangesActivityQuery struct {
	// How far back; of a file, from its end. Without it 300.
	Seconds *int `json:"seconds,omitzero"`

	// Into how many parts. Without it 100.
	Buckets *int `json:"buckets,omitzero"`
}

func (query ChangesActivityQuery) write(to url.Values) {
	add(to, "seconds", query.Seconds)
	add(to, "buckets", query.Buckets)
}

// ChangesActivity asks GET /api/v1/activity: What happened over the last minutes, part by part, as
// charts show it.
func (c *Client) ChangesActivity(ctx context.Context, query ChangesActivityQuery) (Activity, error) {
	return ask[Activity](ctx, c, request{method: "GET", path: "/api/v1/activity", inSession: true, query: query.write})
}

// SchemaNames asks GET /api/v1/schema: The names of the schema under which events are read: types
// of payloads, fields, values.
func (c *Client) SchemaNames(ctx context.Context) (SchemaNames, error) {
	return ask[SchemaNames](ctx, c, request{method: "GET", path: "/api/v1/schema", inSession: true})
}

// SchemaCheckQuery: what SchemaCheck may be asked for.
type SchemaCheckQuery struct {
	// A query; an empty one means all events.
	Query string `json:"query,omitzero"`
}

func (query SchemaCheckQuery) write(to url.Values) {
	add(to, "query", query.Query)
}

// SchemaCheck asks GET /api/v1/query: Whether a text is a query, and if not, which word is wrong,
// and why.
func (c *Client) SchemaCheck(ctx context.Context, query SchemaCheckQuery) (CheckedQuery, error) {
	return ask[CheckedQuery](ctx, c, request{method: "GET", path: "/api/v1/query", inSession: true, query: query.write})
}

// RecordingExport asks GET /api/v1/recording: The whole recording, one JSON object a line.
func (c *Client) RecordingExport(ctx context.Context) (io.ReadCloser, error) {
	return stream(ctx, c, request{method: "GET", path: "/api/v1/recording"})
}

// RecordingClear asks DELETE /api/v1/recording: Forget what was recorded.
func (c *Client) RecordingClear(ctx context.Context) (Done, error) {
	return ask[Done](ctx, c, request{method: "DELETE", path: "/api/v1/recording", inSession: true})
}

// RecordingLoad asks POST /api/v1/recording/load: Look at a recording from elsewhere, as a session
// of its own, until that is closed.
func (c *Client) RecordingLoad(ctx context.Context, body LoadRecording) (SessionOpened, error) {
	return ask[SessionOpened](ctx, c, request{method: "POST", path: "/api/v1/recording/load", body: body})
}

// RecordingReplayAgain asks POST /api/v1/recording/replay: Send the recorded calls again, to this
// mock itself; each with a new token.
func (c *Client) RecordingReplayAgain(ctx context.Context, body Replay) (Replayed, error) {
	return ask[Replayed](ctx, c, request{method: "POST", path: "/api/v1/recording/replay", inSession: true, body: body})
}

// RecordingCompareQuery: what RecordingCompare may be asked for.
type RecordingCompareQuery struct {
	// The other session; without it, the whole server.
	Other *string `json:"other,omitzero"`
}

func (query RecordingCompareQuery) write(to url.Values) {
	add(to, "other", query.Other)
}

// RecordingCompare asks GET /api/v1/recording/compare: How many events of each kind two sessions
// or recordings have.
func (c *Client) RecordingCompare(ctx context.Context, query RecordingCompareQuery) (Comparison, error) {
	return ask[Comparison](ctx, c, request{method: "GET", path: "/api/v1/recording/compare", inSession: true, query: query.write})
}

// RecordingFeed asks GET /api/v1/recording/feed: The recording and what is added to it, one JSON
// object a line.
func (c *Client) RecordingFeed(ctx context.Context) (io.ReadCloser, error) {
	return stream(ctx, c, request{method: "GET", path: "/api/v1/recording/feed", inSession: true})
}

// RecordingMark asks POST /api/v1/recording/feed/mark: Put a mark into a feed, behind all that is
// recorded so far.
func (c *Client) RecordingMark(ctx context.Context, body Mark) (Done, error) {
	return ask[Done](ctx, c, request{method: "POST", path: "/api/v1/recording/feed/mark", inSession: true, body: body})
}

// FaultsListed asks GET /api/v1/faults: The ids of the faults that were asked for, and the
// outcomes that remain.
func (c *Client) FaultsListed(ctx context.Context) (Faults, error) {
	return ask[Faults](ctx, c, request{method: "GET", path: "/api/v1/faults", inSession: true})
}

// FaultsAdd asks POST /api/v1/faults: Put a fault in force, until it is healed.
func (c *Client) FaultsAdd(ctx context.Context, body Fault) (FaultAdded, error) {
	return ask[FaultAdded](ctx, c, request{method: "POST", path: "/api/v1/faults", inSession: true, body: body.asFault()})
}

// FaultsHeal asks DELETE /api/v1/faults: End all faults; with a session, those of that session.
func (c *Client) FaultsHeal(ctx context.Context) (Done, error) {
	return ask[Done](ctx, c, request{method: "DELETE", path: "/api/v1/faults", inSession: true})
}

// FaultsHealOne asks DELETE /api/v1/faults/{fault}: End one fault.
func (c *Client) FaultsHealOne(ctx context.Context, fault string) (Done, error) {
	return ask[Done](ctx, c, request{method: "DELETE", path: "/api/v1/faults/" + segment(fault), inSession: true})
}

// RodentsListed asks GET /api/v1/rodents: The Rodents that are or were connected.
func (c *Client) RodentsListed(ctx context.Context) (Rodents, error) {
	return ask[Rodents](ctx, c, request{method: "GET", path: "/api/v1/rodents", inSession: true})
}

// RodentsOne asks GET /api/v1/rodents/{rid}: One Rodent, and every message of its streams.
func (c *Client) RodentsOne(ctx context.Context, rid string) (RodentWithHistory, error) {
	return ask[RodentWithHistory](ctx, c, request{method: "GET", path: "/api/v1/rodents/" + segment(rid), inSession: true})
}

// RodentsWaitForSome asks POST /api/v1/connected/wait: Wait until so many Rodents are connected.
func (c *Client) RodentsWaitForSome(ctx context.Context, body WaitForRodents) (Rodents, error) {
	return ask[Rodents](ctx, c, request{method: "POST", path: "/api/v1/connected/wait", inSession: true, body: body})
}

// RodentsWait asks POST /api/v1/rodents/{rid}/wait: Wait until a Rodent is connected, or is not.
func (c *Client) RodentsWait(ctx context.Context, rid string, body WaitForRodent) (RodentState, error) {
	return ask[RodentState](ctx, c, request{method: "POST", path: "/api/v1/rodents/" + segment(rid) + "/wait", inSession: true, body: body})
}

// RodentsSend asks POST /api/v1/rodents/{rid}/send: Send a message to a Rodent as it is, whatever
// it says.
func (c *Client) RodentsSend(ctx context.Context, rid string, body SendMessage) (Done, error) {
	return ask[Done](ctx, c, request{method: "POST", path: "/api/v1/rodents/" + segment(rid) + "/send", inSession: true, body: body})
}

// RodentsStart asks POST /api/v1/rodents/{rid}/commands: Send a command to a Rodent, without
// waiting for its answer.
func (c *Client) RodentsStart(ctx context.Context, rid string, body SendCommand) (CommandSent, error) {
	return ask[CommandSent](ctx, c, request{method: "POST", path: "/api/v1/rodents/" + segment(rid) + "/commands", inSession: true, body: body})
}

// RodentsAnswer asks POST /api/v1/rodents/{rid}/commands/{command}/wait: Wait for the answer to a
// command that was sent; it is given once.
func (c *Client) RodentsAnswer(ctx context.Context, rid string, command string, body WaitForAnswer) (CommandAnswer, error) {
	return ask[CommandAnswer](ctx, c, request{method: "POST", path: "/api/v1/rodents/" + segment(rid) + "/commands/" + segment(command) + "/wait", inSession: true, body: body})
}

// RodentsCommand asks POST /api/v1/rodents/{rid}/command: Send a command to a Rodent, and wait for
// its answer.
func (c *Client) RodentsCommand(ctx context.Context, rid string, body SendCommand) (CommandAnswer, error) {
	return ask[CommandAnswer](ctx, c, request{method: "POST", path: "/api/v1/rodents/" + segment(rid) + "/command", inSession: true, body: body})
}

// RodentsConfig asks POST /api/v1/rodents/{rid}/config: Push a configuration to a Rodent, and wait
// for its acknowledgement.
func (c *Client) RodentsConfig(ctx context.Context, rid string, body PushConfig) (Acknowledged, error) {
	return ask[Acknowledged](ctx, c, request{method: "POST", path: "/api/v1/rodents/" + segment(rid) + "/config", inSession: true, body: body})
}

// RodentsHTTP asks POST /api/v1/rodents/{rid}/http: Send a request through a Rodent to one of its
// local services.
func (c *Client) RodentsHTTP(ctx context.Context, rid string, body SendHTTP) (HTTPAnswer, error) {
	return ask[HTTPAnswer](ctx, c, request{method: "POST", path: "/api/v1/rodents/" + segment(rid) + "/http", inSession: true, body: body})
}

// RodentsDisconnect asks POST /api/v1/rodents/{rid}/disconnect: End a Rodent's streams with a
// status.
func (c *Client) RodentsDisconnect(ctx context.Context, rid string, body Disconnect) (Done, error) {
	return ask[Done](ctx, c, request{method: "POST", path: "/api/v1/rodents/" + segment(rid) + "/disconnect", inSession: true, body: body})
}

// TokensIssue asks POST /api/v1/tokens: A token for a Rodent.
func (c *Client) TokensIssue(ctx context.Context, body IssueToken) (TokenIssued, error) {
	return ask[TokenIssued](ctx, c, request{method: "POST", path: "/api/v1/tokens", inSession: true, body: body})
}

// TokensRevoke asks POST /api/v1/tokens/revoke: Refuse the tokens of a Rodent or of an
// organization; with a session, until that ends.
func (c *Client) TokensRevoke(ctx context.Context, body RevokeTokens) (Done, error) {
	return ask[Done](ctx, c, request{method: "POST", path: "/api/v1/tokens/revoke", inSession: true, body: body})
}

// TokensRestore asks POST /api/v1/tokens/restore: Take back all revocations; with a session, those
// of that session.
func (c *Client) TokensRestore(ctx context.Context) (Done, error) {
	return ask[Done](ctx, c, request{method: "POST", path: "/api/v1/tokens/restore", inSession: true})
}

// TokensSessions asks GET /api/v1/sessions: The sessions that are open.
func (c *Client) TokensSessions(ctx context.Context) (Sessions, error) {
	return ask[Sessions](ctx, c, request{method: "GET", path: "/api/v1/sessions"})
}

// TokensOpenSession asks POST /api/v1/sessions: Open a session, a part of the server that sees
// only its own Rodents.
func (c *Client) TokensOpenSession(ctx context.Context, body OpenSession) (SessionOpened, error) {
	return ask[SessionOpened](ctx, c, request{method: "POST", path: "/api/v1/sessions", body: body})
}

// TokensRenewSession asks POST /api/v1/sessions/{session}/renew: Renew the lease of a session, as
// each other request in it does.
func (c *Client) TokensRenewSession(ctx context.Context, session string) (Done, error) {
	return ask[Done](ctx, c, request{method: "POST", path: "/api/v1/sessions/" + segment(session) + "/renew"})
}

// TokensCloseSession asks DELETE /api/v1/sessions/{session}: Close a session, and heal its faults.
func (c *Client) TokensCloseSession(ctx context.Context, session string) (Done, error) {
	return ask[Done](ctx, c, request{method: "DELETE", path: "/api/v1/sessions/" + segment(session)})
}
