package rpc

// grow makes room for n more bytes behind dst: at once, and no more of it, since a body may be large. slices.Grow rounds
// up, and in a build with the race detector makes the new bytes twice.
func grow(dst []byte, n int) []byte {
	if cap(dst)-len(dst) >= n {
		return dst
	}
	return append(make([]byte, 0, len(dst)+n), dst...)
}
