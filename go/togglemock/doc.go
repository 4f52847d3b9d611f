// Package togglemock tests Rodents in Go against a mock Toggle: the control plane that they report to.
//
//	func TestStartupIsReported(t *testing.T) {
//		toggle := togglemock.Start(t)
//		runAgent(t, toggle.Address, toggle.JWT(togglemock.Claims{RID: "node-1"}))
//		toggle.WaitFor("rid:node-1 payload:startup")
//	}
//
// [Start] runs the program toggle-mock that is on the PATH, once for all tests of a package, or asks the
// mock at the URL that TOGGLE_MOCK_URL has. Each test has a session of its own there: an organization that
// nobody else has, whose events it sees alone and whose faults end with it. Tests may run in parallel.
//
// Methods of [Toggle] that cannot do what they are asked, or whose assertion does not hold, end the test
// by t.Fatal with the text of the mock, which tells what arrived instead. So they are for the goroutine of
// the test. Who needs errors asks [Toggle.API].
package togglemock
