using System.Buffers;
using Dapr.Voice.Transceiver.Media;

namespace Dapr.Voice.Transceiver.Turns;

/// <summary>
/// Keeps what the caller said. It always keeps the last moments, so that a turn can begin before it was noticed, and from <see
/// cref="Begin"/> on it keeps everything up to a limit. It uses one pooled array that grows by doubling. One thread uses it.
/// </summary>
internal sealed class TurnRecorder : IDisposable
{
    /// <summary>The longest turn, which is 2.9 MB. Speech without a pause of half a second for a minute comes from a radio.</summary>
    public const int MaximumMilliseconds = 60_000;

    private const int MaximumSamples = MaximumMilliseconds * AudioFormat.SamplesPerMillisecond;

    // Old samples are moved out once a second and not with each frame.
    private const int SlackSamples = AudioFormat.SampleRate;

    private short[] _pcm = [];
    private int _start;
    private int _end;

    /// <summary>How many milliseconds are kept while no turn is recorded.</summary>
    public int KeepMilliseconds
    {
        get;
        set => field = Math.Clamp(value, 0, MaximumMilliseconds);
    }

    public bool IsRecording { get; private set; }

    /// <summary>The turn has reached <see cref="MaximumMilliseconds"/>. No more is recorded.</summary>
    public bool IsFull => IsRecording && _end - _start >= MaximumSamples;

    /// <summary>The turn so far, or what is kept without a turn. It is valid until the next call.</summary>
    public ReadOnlySpan<short> Recorded => _pcm.AsSpan(_start.._end);

    public void Append(ReadOnlySpan<short> frame)
    {
        if (IsRecording) frame = frame[..Math.Min(frame.Length, MaximumSamples - (_end - _start))];
        else Trim(frame.Length);
        if (_end + frame.Length > _pcm.Length) MakeRoom(frame.Length);
        frame.CopyTo(_pcm.AsSpan(_end));
        _end += frame.Length;
    }

    /// <summary>A turn began <paramref name="milliseconds"/> ago, as far as that was kept.</summary>
    public void Begin(long milliseconds)
    {
        IsRecording = true;
        long samples = Math.Clamp(milliseconds, 0, MaximumMilliseconds) * AudioFormat.SamplesPerMillisecond;
        _start = (int)Math.Max(_start, _end - samples);
    }

    /// <summary>The turn is over. Its last moments may be the first ones of the next turn.</summary>
    public void End() => IsRecording = false;

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        IsRecording = false;
        _start = _end = 0;
    }

    public void Dispose()
    {
        Clear();
        if (_pcm.Length > 0) ArrayPool<short>.Shared.Return(_pcm);
        _pcm = [];
    }

    private void Trim(int incoming)
    {
        int keep = KeepMilliseconds * AudioFormat.SamplesPerMillisecond;
        int excess = _end - _start + incoming - keep;
        if (excess > 0) _start = Math.Min(_end, _start + excess);
        if (_start >= SlackSamples) Compact();
    }

    private void MakeRoom(int incoming)
    {
        if (_start >= incoming)
        {
            Compact();
            return;
        }
        int needed = _end - _start + incoming;
        short[] larger = ArrayPool<short>.Shared.Rent(Math.Max(2 * needed, 2 * SlackSamples));
        Recorded.CopyTo(larger);
        _end -= _start;
        _start = 0;
        if (_pcm.Length > 0) ArrayPool<short>.Shared.Return(_pcm);
        _pcm = larger;
    }

    private void Compact()
    {
        Recorded.CopyTo(_pcm);
        _end -= _start;
        _start = 0;
    }
}
