package agent

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/rodent-events/go/pb"
)

const invalidRequest = 1106

// answerTo is the answer to what Toggle has sent; nil if there is none to give.
func answerTo(message *pb.ToggleRequest, s *Settings) *pb.RodentRequest {
	requestID := message.GetRequestId()
	inner := requestID
	if s.Faults[OtherRequestID] {
		inner = ""
	}
	answer := &pb.RodentRequest{RequestId: requestID}
	switch content := message.GetPayload().(type) {
	case *pb.ToggleRequest_Command:
		response := responseTo(content.Command)
		if !response.GetSuccess() && s.Faults[SilentOnUnknown] {
			return nil
		}
		response.RequestId = inner
		answer.Payload = &pb.RodentRequest_CommandResponse{CommandResponse: response}
	case *pb.ToggleRequest_Config:
		if s.Faults[NoAcknowledgement] {
			return nil
		}
		answer.Payload = &pb.RodentRequest_Ack{Ack: &pb.Acknowledgement{
			RequestId: inner,
			Success:   true,
			Message:   "Received config update type: " + content.Config.GetConfigType(),
		}}
	default: // an acknowledgement, or nothing
		return nil
	}
	return answer
}

// responseTo runs a command.
func responseTo(command *pb.CommandRequest) *pb.CommandResponse {
	name := command.GetCommandType()
	if name == "system.status" || name == "status" && command.GetTarget() == "system" {
		return &pb.CommandResponse{Success: true, Message: "System status response", Payload: systemStatus()}
	}
	const refused = "Request validation failed"
	return &pb.CommandResponse{Message: refused, Error: &pb.RodentError{
		Code: invalidRequest, Domain: "SERVER", HttpStatus: 400, Message: refused, Details: refusalOf(command),
	}}
}

// refusalOf says what is wrong with a command that this agent does not know.
func refusalOf(command *pb.CommandRequest) string {
	var request struct{ Service, Path string }
	if command.GetCommandType() == "tunnel.http" && json.Unmarshal(command.GetPayload(), &request) == nil {
		return fmt.Sprintf("path %q not allowed for service %q", request.Path, request.Service)
	}
	return fmt.Sprintf("unknown command type %q", command.GetCommandType())
}

func systemStatus() []byte {
	content, err := json.Marshal(map[string]any{
		"status":       "healthy",
		"timestamp":    time.Now().Unix(),
		"cpu_usage":    cpuUsage(),
		"memory_usage": memoryUsage(),
		"disk_usage":   diskUsage(),
	})
	if err != nil {
		panic(err) // numbers and text can be encoded
	}
	return content
}
