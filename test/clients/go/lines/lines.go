// Package lines prints what members of groups tell; the README of test/clients tells the lines.
package lines

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

var mutex sync.Mutex

// Tell prints a line: what it is, the time, and the rest.
func Tell(what string, words ...any) {
	mutex.Lock()
	defer mutex.Unlock()
	fmt.Println(append([]any{what, time.Now().UnixMilli()}, words...)...)
}

// Numbers joins partitions, or says that there are none.
func Numbers(partitions []int32) string {
	if len(partitions) == 0 {
		return "-"
	}
	texts := []string{}
	for _, partition := range slices.Sorted(slices.Values(partitions)) {
		texts = append(texts, strconv.Itoa(int(partition)))
	}
	return strings.Join(texts, ",")
}
