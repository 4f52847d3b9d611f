package agent

import (
	"context"
	"errors"
	"time"

	"example.com/rodent-events/go/pb"
)

// register calls Register until Toggle takes the node; it returns false if the context ends first.
func (a *Agent) register(ctx context.Context) bool {
	for ctx.Err() == nil {
		answer, err := a.registerOnce(ctx)
		if err == nil {
			a.isNew = answer.GetCertificate() != "" // a private-network node has no other use for it
			a.registered.Store(true)
			a.firstTry.Do(func() { close(a.tried) })
			return true
		}
		a.firstTry.Do(func() { close(a.tried) })
		a.logf("Register: %v", err)
		if a.settings.Faults[RegistersOnce] {
			return false
		}
		pause(ctx, varied(a.settings.RegisterAgain))
	}
	return false
}

// AwaitRegister returns once the first try to register has ended, whatever came of it, or after so long.
func (a *Agent) AwaitRegister(limit time.Duration) {
	select {
	case <-a.tried:
	case <-time.After(limit):
	}
}

func (a *Agent) registerOnce(ctx context.Context) (*pb.RegisterResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, a.settings.SendTimeout)
	defer cancel()
	answer, err := a.toggle.Register(ctx, &pb.RegisterRequest{SystemInfo: &pb.SystemInfo{}})
	if err != nil {
		return nil, err
	}
	if !answer.GetSuccess() {
		return nil, errors.New("refused: " + answer.GetMessage())
	}
	return answer, nil
}
