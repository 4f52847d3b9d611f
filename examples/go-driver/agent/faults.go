package agent

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is something that a Rodent does wrong, by the name of its flag.
type Fault string

// What each does stands in Faults.
const (
	GivesUp           Fault = "gives-up"
	RefusedIsSent     Fault = "refused-is-sent"
	NeverSplits       Fault = "never-splits"
	KeepsToken        Fault = "keeps-token"
	DropsEarly        Fault = "drops-early"
	Overflows         Fault = "overflows"
	DropsUncounted    Fault = "drops-uncounted"
	FiltersSilently   Fault = "filters-silently"
	LosesStop         Fault = "loses-stop"
	NeverReadsBack    Fault = "never-reads-back"
	SharesFolder      Fault = "shares-folder"
	TwoSenders        Fault = "two-senders"
	RandomIDs         Fault = "random-ids"
	OtherSource       Fault = "other-source"
	NoJitter          Fault = "no-jitter"
	ConstantRedial    Fault = "constant-redial"
	StopsRedialling   Fault = "stops-redialling"
	NoBackoff         Fault = "no-backoff"
	NewIDEachTry      Fault = "new-id-each-try"
	NewIDAfterRestart Fault = "new-id-after-restart"
	Recuts            Fault = "recuts"
	SendsTwice        Fault = "sends-twice"
	EmptyBatches      Fault = "empty-batches"
	NoSizeLimit       Fault = "no-size-limit"
	WritesLate        Fault = "writes-late"
	NoShutdownLimit   Fault = "no-shutdown-limit"
	IgnoresSIGTERM    Fault = "ignores-sigterm"
	Seconds           Fault = "seconds"
	NoLevel           Fault = "no-level"
	OtherCategory     Fault = "other-category"
	DropsMetadata     Fault = "drops-metadata"
	RegistersOnce     Fault = "registers-once"
	ConnectsEarly     Fault = "connects-early"
	NoTokenOnConnect  Fault = "no-token-on-connect"
	SpeaksFirst       Fault = "speaks-first"
	OtherRequestID    Fault = "other-request-id"
	SilentOnUnknown   Fault = "silent-on-unknown"
	NoAcknowledgement Fault = "no-acknowledgement"
	DiesOfEmpty       Fault = "dies-of-empty"
	AnyCertificate    Fault = "any-certificate"
	LogsToken         Fault = "logs-token"
)

// Faults has each fault, whether the published Rodent has it, and what it does.
var Faults = []struct {
	Name      Fault
	Published bool
	What      string
}{
	{GivesUp, true, "A batch that has failed three times is dropped"},
	{RefusedIsSent, true, "An answer with `success=false` counts as delivered"},
	{NeverSplits, true, "A batch that is too large, or has a guilty event, is sent again as it is"},
	{KeepsToken, true, "The token is read once, and never anew"},
	{DropsEarly, true, "What is emitted before Register has succeeded is dropped"},
	{Overflows, true, "Beyond 1000 that wait, events are dropped"},
	{DropsUncounted, true, "What is dropped is counted as delivered"},
	{FiltersSilently, true, "Levels beyond CRITICAL, and category USAGE, are filtered, and counted nowhere"},
	{LosesStop, true, "What waits at the end is not sent, the event of the stop not even kept"},
	{NeverReadsBack, true, "What an earlier run has left on disk is never sent"},
	{SharesFolder, true, "Several instances use one folder without a lock"},
	{TwoSenders, true, "Two batches are under way at a time, so that one that is retried is overtaken"},
	{RandomIDs, true, "Event ids are UUIDv4"},
	{OtherSource, true, "The source of the events of its own start and stop is `rodent.system`"},
	{NoJitter, true, "Pauses between tries have no jitter"},
	{ConstantRedial, true, "The pause before a stream is opened again does not grow once one was open"},
	{StopsRedialling, true, "After five redials in a row that found no Toggle, it never dials again"},
	{NoBackoff, false, "Pauses between tries do not grow"},
	{NewIDEachTry, false, "A batch has another id at each try"},
	{NewIDAfterRestart, false, "A batch that an earlier run has sent gets another id"},
	{Recuts, false, "A batch that has failed is sent again in halves"},
	{SendsTwice, false, "Each batch is sent twice"},
	{EmptyBatches, false, "When nothing waits for the batch timeout, an empty batch is sent"},
	{NoSizeLimit, false, "Batches may have any size"},
	{WritesLate, false, "Events are accepted before they are on disk"},
	{NoShutdownLimit, false, "The end waits until all is delivered, however long that takes"},
	{IgnoresSIGTERM, false, "SIGTERM does not end it"},
	{Seconds, false, "Timestamps are seconds"},
	{NoLevel, false, "Events have no level"},
	{OtherCategory, false, "The category is not that of the payload"},
	{DropsMetadata, false, "Metadata is not sent"},
	{RegistersOnce, false, "After a Register that fails there is none again"},
	{ConnectsEarly, false, "Connect does not wait for Register"},
	{NoTokenOnConnect, false, "Connect has no token"},
	{SpeaksFirst, false, "The first message of a stream is the Rodent's"},
	{OtherRequestID, false, "The inner message of an answer has no request id"},
	{SilentOnUnknown, false, "Unknown commands are not answered"},
	{NoAcknowledgement, false, "A config update is not acknowledged"},
	{DiesOfEmpty, false, "A message without content ends the process"},
	{AnyCertificate, false, "TLS takes any certificate"},
	{LogsToken, false, "The log has the token"},
}

// FaultSet are the faults that an agent has; nil is none. It is a flag.Value.
type FaultSet map[Fault]bool

// Published are the faults of the published Rodent.
func Published() FaultSet {
	set := FaultSet{}
	for _, fault := range Faults {
		if fault.Published {
			set[fault.Name] = true
		}
	}
	return set
}

// Set adds the fault of a name.
func (s FaultSet) Set(name string) error {
	names := faultNames()
	if !slices.Contains(names, name) {
		return fmt.Errorf("there is no fault %q%s", name, didYouMean(name, names))
	}
	s[Fault(name)] = true
	return nil
}

// String has the names, separated by blanks.
func (s FaultSet) String() string {
	var has []string
	for _, name := range faultNames() {
		if s[Fault(name)] {
			has = append(has, name)
		}
	}
	return strings.Join(has, " ")
}

// FaultTable is the table of README.md.
func FaultTable() string {
	var table strings.Builder
	table.WriteString("| fault | published | what it does |\n|---|---|---|\n")
	for _, fault := range Faults {
		mark := map[bool]string{true: "yes"}[fault.Published]
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", fault.Name, mark, fault.What)
	}
	return table.String()
}

func faultNames() []string {
	names := make([]string, len(Faults))
	for i, fault := range Faults {
		names[i] = string(fault.Name)
	}
	return names
}
