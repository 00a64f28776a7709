namespace Dapr.Voice.LocalAgent.Dialogue;

internal enum CommandKind : byte { Time, Date, Timer, Light, Story, Repeat, Stop, Hello, Help, Goodbye }

/// <summary>One thing that the caller wants.</summary>
/// <param name="Duration">Of a timer.</param>
/// <param name="Room">Of a light; empty if none was named.</param>
/// <param name="IsOn">Of a light.</param>
internal sealed record Command(CommandKind Kind, TimeSpan Duration = default, string Room = "", bool IsOn = false);
