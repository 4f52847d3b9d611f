package example

import (
	"context"
	"testing"
	"time"

	"example.com/rodent-events/go/pb/events"
	"example.com/rodent-events/go/togglemock"
)

func start(t *testing.T) (*togglemock.Toggle, *Agent) {
	t.Parallel()
	toggle := togglemock.Start(t)
	agent, err := NewAgent(toggle.Address, toggle.JWT(togglemock.Claims{RID: "node-1"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { agent.Close() })
	return toggle, agent
}

func TestAPoolIsReported(t *testing.T) {
	toggle, agent := start(t)
	if err := agent.Report(t.Context(), events.EventLevel_EVENT_LEVEL_ERROR, "tank"); err != nil {
		t.Fatal(err)
	}
	var event events.Event
	if err := toggle.AssertReceived("pool_name:tank level:ERROR")[0].Into(&event); err != nil {
		t.Fatal(err)
	}
	if event.Source != "zfs-pool-manager" {
		t.Errorf("source is %q", event.Source)
	}
	toggle.AssertNotReceived("level:CRITICAL")
	toggle.AssertNoRefusals()
}

func TestALostAnswerCostsNothing(t *testing.T) {
	toggle, agent := start(t)
	script := toggle.OnSendEvents().Returns(togglemock.Unavailable, togglemock.LoseAnswer)
	if err := agent.Report(t.Context(), events.EventLevel_EVENT_LEVEL_INFO, "tank"); err != nil {
		t.Fatal(err)
	}
	if remaining := script.Remaining(); remaining != 0 {
		t.Errorf("%d outcomes were met by no call", remaining)
	}
	toggle.WaitForCall(togglemock.MethodSendEvents, togglemock.Count(2), togglemock.Status(togglemock.Unavailable))
	first, again := toggle.Events("pool_name:tank")[0], toggle.Events("pool_name:tank")[1]
	if first.BatchID != again.BatchID {
		t.Errorf("the batch was sent again as %s, not %s", again.BatchID, first.BatchID)
	}
}

func TestAnOutageIsWaitedOut(t *testing.T) {
	toggle, agent := start(t)
	outage := toggle.Faults.Outage()
	reported := make(chan error, 1)
	go func() { reported <- agent.Report(t.Context(), events.EventLevel_EVENT_LEVEL_INFO, "tank") }()
	toggle.AssertNotReceived("payload:pool", togglemock.Within(100*time.Millisecond))
	outage.Heal()
	toggle.WaitFor("payload:pool", togglemock.Timeout(20*time.Second))
	if err := <-reported; err != nil {
		t.Error(err)
	}
}

func TestCommandsAreAnswered(t *testing.T) {
	toggle, agent := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	listened := make(chan error, 1)
	go func() { listened <- agent.Listen(ctx) }()
	rodent := toggle.Rodent("node-1")
	rodent.WaitConnected()
	if status := rodent.Command("system.status", nil); !status.Success {
		t.Errorf("system.status failed: %s", status.Message)
	}
	if unknown := rodent.Command("zfs.pool.lisst", nil); unknown.Success {
		t.Error("a command that there is not succeeded")
	}
	if told := rodent.PushConfig("logging", map[string]string{"level": "debug"}); !told.Success {
		t.Errorf("the configuration was refused: %s", told.Message)
	}
	cancel()
	rodent.WaitDisconnected()
	<-listened
}
