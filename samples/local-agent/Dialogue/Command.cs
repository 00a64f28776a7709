namespace Dapr.Voice.LocalAgent.Dialogue;

internal enum CommandKind : byte { Time, Date, Timer, Light, Story, Repeat, Stop, Hello, Help, Goodbye }

/// <summary>One thing that the caller wants.</summary>
/// <param name="Duration">The duration of a timer.</param>
/// <param name="Room">The room of a light. Empty if none was named.</param>
/// <param name="IsOn">A light is to be on.</param>
internal sealed record Command(CommandKind Kind, TimeSpan Duration = default, string Room = "", bool IsOn = false);
