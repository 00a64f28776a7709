namespace Dapr.Voice.LocalAgent.Dialogue;

/// <summary>A story that is long enough to be interrupted.</summary>
internal static class Story
{
    public const string Text =
        "Once upon a time there was a lighthouse at the end of a long and narrow road. " +
        "Its keeper was an old woman who knew every ship by the sound of its bell. " +
        "One winter night the fog came in so thick that the light could not be seen from the shore. " +
        "So she climbed to the top of the tower, opened the window, and began to sing. " +
        "Far out on the water a captain heard her voice and turned his ship towards it. " +
        "Another ship followed him, and then another, like beads on a string. " +
        "When the morning came, eleven ships lay in the harbour, and not one of them was lost. " +
        "The people asked her how she had known what to do when the light had failed. " +
        "She laughed and said that a light is only one way of telling somebody where you are. " +
        "And since that night there has always been somebody in that tower who can sing.";
}
