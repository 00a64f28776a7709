// A caller on pion, a WebRTC stack in Go. It has no codec, so it sends and records frames of Opus. ../README.md describes its commands.
package main

// Debian installs pion for builds without modules, so its paths carry no version.
import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc"
	"github.com/pion/webrtc/pkg/media"
)

const frameLength = 20 * time.Millisecond

// One frame of 20 ms of digital silence.
var silence = []byte{0xf8, 0xff, 0xfe}

type command struct {
	Do        string `json:"do"`
	ID        int    `json:"id"`
	URL       string `json:"url"`
	Key       string `json:"key"`
	Agent     string `json:"agent"`
	Transport string `json:"transport"`
	Video     bool   `json:"video"`
	Opus      string `json:"opus"`
	Text      string `json:"text"`
	Path      string `json:"path"`
}

type line map[string]any

var printing sync.Mutex

func (c command) say(what line) {
	what["id"] = c.ID
	write(what)
}

func write(what line) {
	text, err := json.Marshal(what)
	if err != nil {
		panic(err)
	}
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(string(text))
}

type call struct {
	connection *webrtc.PeerConnection
	channel    *webrtc.DataChannel
	track      *webrtc.TrackLocalStaticSample
	ended      chan struct{}
	endOnce    sync.Once

	mutex  sync.Mutex
	frames [][]byte
	said   func()
	heard  [][]byte
}

func dial(c command) (*call, error) {
	connection, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	made := &call{connection: connection, ended: make(chan struct{})}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	if made.track, err = webrtc.NewTrackLocalStaticSample(opus, "microphone", "call"); err != nil {
		return nil, err
	}
	if _, err = connection.AddTrack(made.track); err != nil {
		return nil, err
	}
	if c.Video {
		if _, err = connection.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo); err != nil {
			return nil, err
		}
	}
	if made.channel, err = connection.CreateDataChannel("oai-events", nil); err != nil {
		return nil, err
	}
	made.channel.OnOpen(func() { c.say(line{"at": "channel", "state": "open"}) })
	made.channel.OnClose(func() { c.say(line{"at": "channel", "state": "closed"}) })
	made.channel.OnMessage(func(message webrtc.DataChannelMessage) {
		c.say(line{"at": "event", "event": json.RawMessage(message.Data)})
	})
	connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		c.say(line{"at": "state", "state": state.String()})
		if state == webrtc.PeerConnectionStateConnected {
			go made.speak()
		}
	})
	connection.OnTrack(made.listen)
	return made, made.connect(c)
}

func (made *call) connect(c command) error {
	offer, err := made.connection.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(made.connection)
	if err = made.connection.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	request, err := http.NewRequest("POST", c.URL+"?agent="+c.Agent, strings.NewReader(made.connection.LocalDescription().SDP))
	if err != nil {
		return err
	}
	request.Header.Set("authorization", "Bearer "+c.Key)
	request.Header.Set("content-type", "application/sdp")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusCreated {
		c.say(line{"at": "refused", "status": response.StatusCode, "body": string(body)})
		return nil
	}
	path := strings.Split(response.Header.Get("location"), "/")
	c.say(line{"at": "answered", "call": path[len(path)-1]})
	return made.connection.SetRemoteDescription(
		webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: candidatesOf(c.Transport, string(body))})
}

// candidatesOf removes the candidates of the other transport.
func candidatesOf(transport, sdp string) string {
	var kept []string
	for _, l := range strings.Split(sdp, "\r\n") {
		if !strings.HasPrefix(l, "a=candidate:") || strings.EqualFold(strings.Fields(l)[2], transport) {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\r\n")
}

// speak sends a frame every 20 ms, and silence between the questions.
func (made *call) speak() {
	started := time.Now()
	for sent := 0; ; sent++ {
		select {
		case <-made.ended:
			return
		case <-time.After(time.Until(started.Add(time.Duration(sent) * frameLength))):
		}
		frame := silence
		made.mutex.Lock()
		if len(made.frames) > 0 {
			frame = made.frames[0]
			made.frames = made.frames[1:]
			if len(made.frames) == 0 {
				made.said()
			}
		}
		made.mutex.Unlock()
		// A connection that has ended tells so itself.
		_ = made.track.WriteSample(media.Sample{Data: frame, Duration: frameLength})
	}
}

func (made *call) listen(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		bytes, err := packet.Marshal()
		if err != nil {
			continue
		}
		made.mutex.Lock()
		made.heard = append(made.heard, bytes)
		made.mutex.Unlock()
	}
}

func (made *call) ask(c command) error {
	file, err := os.ReadFile(c.Opus)
	if err != nil {
		return err
	}
	made.mutex.Lock()
	defer made.mutex.Unlock()
	made.said = func() { c.say(line{"at": "said"}) }
	for at := 0; at < len(file); {
		length := int(binary.BigEndian.Uint16(file[at:]))
		made.frames = append(made.frames, file[at+2:at+2+length])
		at += 2 + length
	}
	return nil
}

func (made *call) forget() {
	made.mutex.Lock()
	defer made.mutex.Unlock()
	made.heard = nil
}

// record writes the RTP packets, each with its length in front, in two bytes (RFC 4571).
func (made *call) record(c command) error {
	made.mutex.Lock()
	defer made.mutex.Unlock()
	var file []byte
	for _, packet := range made.heard {
		file = append(append(file, byte(len(packet)>>8), byte(len(packet))), packet...)
	}
	if err := os.WriteFile(c.Path, file, 0o600); err != nil {
		return err
	}
	c.say(line{"at": "recorded", "rtp": c.Path, "packets": len(made.heard)})
	return nil
}

func (made *call) hangUp() error {
	made.endOnce.Do(func() { close(made.ended) })
	return made.connection.Close()
}

func main() {
	// Debian has one version of each package; the driver passes it.
	write(line{"at": "ready", "stack": "pion", "version": os.Getenv("PEER_VERSION")})
	var calls sync.Map
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	for input.Scan() {
		var c command
		if err := json.Unmarshal(input.Bytes(), &c); err != nil {
			panic(err)
		}
		// A call that is being set up must not hold up another.
		go func() {
			if err := run(c, &calls); err != nil {
				c.say(line{"at": "error", "message": err.Error()})
			}
		}()
	}
}

func run(c command, calls *sync.Map) error {
	if c.Do == "call" {
		made, err := dial(c)
		if made != nil {
			calls.Store(c.ID, made)
		}
		return err
	}
	found, ok := calls.Load(c.ID)
	if !ok {
		return fmt.Errorf("there is no call %d", c.ID)
	}
	made := found.(*call)
	switch c.Do {
	case "say":
		return made.ask(c)
	case "send":
		return made.channel.SendText(c.Text)
	case "listen":
		made.forget()
		return nil
	case "record":
		return made.record(c)
	case "hangUp":
		return made.hangUp()
	}
	return fmt.Errorf("there is no command %s", c.Do)
}
