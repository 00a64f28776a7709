using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Dtls;
using Dapr.Voice.Opus;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>
/// Calls a system that has just started, with the echo agent. <c>up</c> therefore says that the system answers only after it has answered,
/// and the user's first call finds every process warm.
/// </summary>
internal static class SelfCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <param name="calls">How many calls to make, one after the other, with the transport that callers prefer.</param>
    /// <param name="alsoTcp">Makes one more call over TCP. If UDP works, nobody would notice that TCP does not.</param>
    /// <returns>Milliseconds from the POST of the last call to its first audio.</returns>
    /// <exception cref="CommandFailedException">A call was not answered.</exception>
    public static async Task<double> RunAsync(ServerAccess server, int calls, bool alsoTcp, CancellationToken cancellation)
    {
        using var certificate = DtlsCertificate.Generate();
        double last = 0;
        for (int i = 0; i < calls; i++) last = await CallAsync(server, new CallerOptions(), certificate, cancellation);
        if (alsoTcp) last = await CallAsync(server, new CallerOptions(TcpOnly: true), certificate, cancellation);
        return last;
    }

    private static async Task<double> CallAsync(
        ServerAccess server, CallerOptions way, DtlsCertificate certificate, CancellationToken cancellation)
    {
        using Caller caller = await Caller.DialAsync(server, "echo", way, certificate, cancellation);
        using IOpusEncoder encoder = OpusCodec.Best.CreateEncoder(WavFile.SampleRate);
        short[] silence = new short[WavFile.SampleRate / 50];
        byte[] payload = new byte[OpusCodec.MaximumPacketBytes];
        int length = encoder.Encode(silence, payload);
        Instant started = MonotonicClock.Now;
        Instant nextFrame = started;
        while (!(caller.IsChannelOpen && caller.Times.FirstAudio is not null))
        {
            Instant now = MonotonicClock.Now;
            caller.Step(now);
            if (caller.IsOver || now - started > Limit)
            {
                string stage = caller.Times.Ice is null ? "STUN checks got no response" : caller.Times.Dtls is null ? "DTLS did not finish"
                    : caller.Times.Channel is null ? "the data channel did not open" : "no audio came back";
                throw new CommandFailedException(
                    $"a call to the new system was not answered: {stage}",
                    "read the logs of the relay and the transceivers in .voice/logs");
            }
            if (caller.IsConnected && now >= nextFrame)
            {
                caller.SendAudio(payload.AsSpan(0, length), 960, false, now);
                nextFrame = now + TimeSpan.FromMilliseconds(20);
            }
            await Task.Delay(1, cancellation);
        }
        caller.HangUp(MonotonicClock.Now);
        return caller.Times.FirstAudio.Value;
    }
}
