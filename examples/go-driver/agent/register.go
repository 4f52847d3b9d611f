package agent

import (
	"context"
	"errors"

	"example.com/go-driver/pb"
)

// register calls Register until Toggle takes the node; it returns false if the context ends first.
func (a *Agent) register(ctx context.Context) bool {
	for ctx.Err() == nil {
		answer, err := a.registerOnce(ctx)
		if err == nil {
			a.isNew = answer.GetCertificate() != "" // a private-network node has no other use for it
			a.registered.Store(true)
			return true
		}
		a.logf("Register: %v", err)
		if a.settings.Faults[RegistersOnce] {
			return false
		}
		pause(ctx, varied(a.settings.RegisterAgain))
	}
	return false
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
