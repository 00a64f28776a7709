using System.Threading.Channels;

namespace Dapr.Voice.LocalAgent.Speaking;

/// <summary>
/// One sentence to be spoken: its samples (PCM16 mono, 24 kHz) go into <see cref="Samples"/> as they are made, and end with the sentence.
/// </summary>
internal sealed record SpeechJob(string Sentence, ChannelWriter<short[]> Samples, CancellationToken Cancelled);
