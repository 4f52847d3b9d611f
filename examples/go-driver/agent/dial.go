package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

const receiveLimit = 16 << 20

// dial makes the channel of all calls; it connects when the first is made, and again whenever it must.
func dial(s *Settings, tokens *tokenSource) (*grpc.ClientConn, error) {
	transport := insecure.NewCredentials()
	if s.CAFile != "" {
		config, err := tlsConfig(s)
		if err != nil {
			return nil, err
		}
		transport = credentials.NewTLS(config)
	}
	// gRPC's own pauses between connections grow to two minutes: a Toggle that is back would be found late.
	pauses := backoff.DefaultConfig
	pauses.BaseDelay, pauses.MaxDelay = min(s.RetryBase, time.Second), min(s.RetryMax, 2*time.Second)
	return grpc.NewClient(s.Address,
		grpc.WithTransportCredentials(transport),
		grpc.WithPerRPCCredentials(tokens),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: pauses, MinConnectTimeout: 20 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(receiveLimit)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: s.Keepalive, Timeout: s.PongTimeout, PermitWithoutStream: true,
		}),
	)
}

func tlsConfig(s *Settings) (*tls.Config, error) {
	roots := x509.NewCertPool()
	certificate, err := os.ReadFile(s.CAFile)
	if err != nil {
		return nil, fmt.Errorf("TOGGLE_CA_FILE: %w", err)
	}
	if !roots.AppendCertsFromPEM(certificate) {
		return nil, fmt.Errorf("TOGGLE_CA_FILE: %s has no certificate in PEM", s.CAFile)
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, InsecureSkipVerify: s.Faults[AnyCertificate]}, nil
}

// rawCodec sends bytes as they are: a batch is never encoded twice.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(message.([]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, message any) error {
	return proto.Unmarshal(data.Materialize(), message.(proto.Message))
}

// Without the token a call of Connect is made with this context: see NoTokenOnConnect.
type withoutToken struct{}

// GetRequestMetadata has each call's token. It is gRPC's credentials.PerRPCCredentials.
func (t *tokenSource) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	if ctx.Value(withoutToken{}) != nil {
		return nil, nil
	}
	token, err := t.token()
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity is false: in development Toggle speaks plaintext.
func (*tokenSource) RequireTransportSecurity() bool { return false }
