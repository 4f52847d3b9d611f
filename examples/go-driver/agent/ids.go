package agent

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"
)

// id is a UUID; the order of UUIDv7s is that in which they were made.
type id [16]byte

// The last bits of a batch's id are 0, and those of its parts are not: the ids between one batch's and the
// next are enough for any way of cutting it.
const partBits = 32

// With fewer bits its two parts would have the same id.
const leastBits = 2

// idMaker makes UUIDv7s that rise, also within a millisecond and when the clock is set back.
type idMaker struct {
	mutex sync.Mutex
	last  uint64 // milliseconds and the 12 bits below them
}

// next makes the id of an event.
func (m *idMaker) next() id {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.last = max(m.last+1, uint64(time.Now().UnixMilli())<<12)
	var made id
	rand.Read(made[8:])
	binary.BigEndian.PutUint64(made[:8], m.last>>12<<16|0x7000|m.last&0xfff)
	made[8] = made[8]&0x3f | 0x80
	return made
}

// nextBatch makes the id of a batch.
func (m *idMaker) nextBatch() id {
	made := m.next()
	clear(made[16-partBits/8:])
	return made
}

// startAfter has all ids to come be later than this one.
func (m *idMaker) startAfter(earlier id) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	high := binary.BigEndian.Uint64(earlier[:8])
	m.last = max(m.last, high>>16<<12|high&0xfff)
}

// parts are the ids of two parts of a batch: later than its own, earlier than that of any other batch.
//
// bits is how many of the last bits are the batch's to give; its parts have one less each.
func (i id) parts(bits int) (first, second id) {
	first, second = i, i
	low := binary.BigEndian.Uint64(i[8:])
	binary.BigEndian.PutUint64(first[8:], low+1)
	binary.BigEndian.PutUint64(second[8:], low+1<<(bits-1))
	return first, second
}

func (i id) compare(other id) int { return bytes.Compare(i[:], other[:]) }

// lastPart is the last id that a part of a batch can have.
func (i id) lastPart() id {
	binary.BigEndian.PutUint32(i[16-partBits/8:], 1<<partBits-1)
	return i
}

// randomID is a UUIDv4.
func randomID() id {
	var made id
	rand.Read(made[:])
	made[6] = made[6]&0x0f | 0x40
	made[8] = made[8]&0x3f | 0x80
	return made
}

func (i id) String() string {
	text := hex.EncodeToString(i[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

func parseID(text string) (id, error) {
	var parsed id
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != len(parsed) || text != id(raw).String() {
		return parsed, fmt.Errorf("%q is no UUID", text)
	}
	return id(raw), nil
}
