using Concentus;

namespace Dapr.Voice.Opus;

/// <summary>
/// The encoder of Concentus. It allocates about 120 kB for each frame, so a process with many calls collects garbage all the time.
/// </summary>
internal sealed class ConcentusEncoder : IOpusEncoder
{
    private readonly global::Concentus.IOpusEncoder _encoder;
    private readonly int _channels;

    public ConcentusEncoder(int sampleRate, int channels, OpusApplication application)
    {
        ConcentusLibrary.StayManaged();
        _channels = channels;
        // The enum of Concentus has the numbers of opus_defines.h, too.
        _encoder = OpusCodecFactory.CreateEncoder(sampleRate, channels, (global::Concentus.Enums.OpusApplication)application);
    }

    public int Bitrate
    {
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            _encoder.Bitrate = value;
        }
    }

    public int Complexity
    {
        set
        {
            if (value is < 0 or > 10) throw new ArgumentOutOfRangeException(nameof(value), value, "0 to 10.");
            _encoder.Complexity = value;
        }
    }

    public bool InbandFec { set => _encoder.UseInbandFEC = value; }

    public int ExpectedLossPercent
    {
        set
        {
            if (value is < 0 or > 100) throw new ArgumentOutOfRangeException(nameof(value), value, "0 to 100.");
            _encoder.PacketLossPercent = value;
        }
    }

    public bool Dtx { set => _encoder.UseDTX = value; }

    public int Encode(ReadOnlySpan<short> pcm, Span<byte> output)
    {
        if (pcm.IsEmpty || output.IsEmpty) return (int)OpusError.BadArgument;
        try
        {
            return _encoder.Encode(pcm, pcm.Length / _channels, output, output.Length);
        }
        catch (Exception thrown)
        {
            return ConcentusLibrary.ErrorOf(thrown);
        }
    }

    public void Dispose() => (_encoder as IDisposable)?.Dispose();
}
