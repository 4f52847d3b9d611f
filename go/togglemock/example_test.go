package togglemock_test

import (
	"context"
	"fmt"

	"example.com/rodent-events/go/togglemock"
	"example.com/rodent-events/go/togglemock/api"
)

// Who is no test gets errors: a mock, and all of its HTTP API.
func ExampleLaunch() {
	ctx := context.Background()
	server, err := togglemock.Launch(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	if _, err := server.API().FaultsAdd(ctx, api.Returns{
		Method:  togglemock.MethodSendEvents,
		Returns: []api.Outcome{togglemock.Unavailable, api.Reject{Reject: "no room"}},
	}); err != nil {
		fmt.Println(err)
	}
	_, err = server.API().EventsWait(ctx, api.WaitForEvents{Query: new("payload:pool"), Timeout: new(-1.0)})
	fmt.Println(api.IsKind(err, "ValueError"), err)
	// Output: true timeout is -1: give seconds from 0 to 3600
}
