package agent

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// The usage of this node, in percent. What cannot be read is 0.

// cpuUsage is the share of time since the start in which processors were not idle.
func cpuUsage() float64 {
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	var user, nice, system, idle, waiting float64
	line, _, _ := strings.Cut(string(content), "\n")
	if _, err := fmt.Sscanf(line, "cpu %f %f %f %f %f", &user, &nice, &system, &idle, &waiting); err != nil {
		return 0
	}
	busy := user + nice + system
	return percent(busy, busy+idle+waiting)
}

func memoryUsage() float64 {
	content, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	kilobytes := map[string]float64{}
	for line := range strings.Lines(string(content)) {
		var name string
		var value float64
		if _, err := fmt.Sscanf(line, "%s %f", &name, &value); err == nil {
			kilobytes[name] = value
		}
	}
	total := kilobytes["MemTotal:"]
	return percent(total-kilobytes["MemAvailable:"], total)
}

func diskUsage() float64 {
	var disk syscall.Statfs_t
	if err := syscall.Statfs("/", &disk); err != nil {
		return 0
	}
	return percent(float64(disk.Blocks-disk.Bavail), float64(disk.Blocks))
}

func percent(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * part / whole
}
